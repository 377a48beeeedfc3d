-- A secret compared with guesses, cut and derived: nothing tells.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local p = s.credentials.password
assert(p ~= plain and not rawequal(p, plain))
assert(not pcall(function() return p == p:lower() end) or p ~= p:lower())
local t = {}
pcall(function() t[p] = 1 end)
assert(t[plain] == nil)
