-- JSON that holds a secret, decoded again.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local json = require "meterkey.json"
local text = json.encode({ p = s.credentials.password })
opaque(text)
local ok, t = pcall(json.decode, text)
if ok and type(t) == "table" then opaque(t.p) end
