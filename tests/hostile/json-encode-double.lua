-- A table whose text doubles at each level.
-- expect: adapter.bug
-- within: 1500 ms
-- says: a limit was reached
local json = require "meterkey.json"
local t = { 1 }
for _ = 1, 40 do t = { t, t } end
return json.encode(t)
