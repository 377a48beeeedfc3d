require "meterkey.x" require("meterkey.json") -- [[ require "a" ]]
local t <close> = nil
return