-- meterkey.json given a text of megabytes, for ever.
-- expect: policy.budget
-- within: 3500 ms
local json = require "meterkey.json"
local text = "[" .. string.rep("[1,2],", 600000) .. "1]"
while true do pcall(json.decode, text) end
