-- A secret in print and meterkey.log.
-- expect: meters
-- within: 400 ms
-- logs: ***
local s = ...
local log = require "meterkey.log"
local p = s.credentials.password
print(p, p .. "x", { p })
pcall(log.info, p)
pcall(log.info, "it is " .. tostring(p))
pcall(log.warn, "%s", p)
s:progress(tostring(p))
