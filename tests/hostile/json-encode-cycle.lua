-- A table that holds itself, encoded.
-- expect: adapter.bug
-- within: 600 ms
local json = require "meterkey.json"
local t = {}
t.t = t
return json.encode(t)
