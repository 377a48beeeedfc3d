-- The metatable of a secret.
-- expect: meters
-- within: 400 ms
local s = ...
local p = s.credentials.password
assert(not getmetatable(p))
assert(not pcall(setmetatable, p, {}))
assert(not pcall(rawset, p, "x", 1))
assert(not pcall(function() p.tostring = print end))
