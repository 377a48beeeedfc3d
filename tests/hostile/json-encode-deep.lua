-- A table nested without end, encoded.
-- expect: adapter.bug
-- within: 1200 ms
-- limit: burst_us=500000
local json = require "meterkey.json"
local t = {}
local at = t
for _ = 1, 100000 do at.a = {} at = at.a end
return json.encode(t)
