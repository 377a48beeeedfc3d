-- A secret in JSON stays opaque.
-- expect: adapter.bug
-- within: 400 ms
-- logs: ***
local s = ...
local json = require "meterkey.json"
local text = json.encode({ p = s.credentials.password })
print(text)
print(tostring(text))
error(text)
