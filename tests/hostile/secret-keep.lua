-- s.keep with a secret in it, dumped.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local json = require "meterkey.json"
s.keep.p = s.credentials.password
for k, v in pairs(s.keep) do opaque(k) opaque(v) end
opaque(json.encode(s.keep))
opaque(s.keep)
