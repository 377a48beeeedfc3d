-- A secret as the name, the path and the domain of a cookie.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local p = s.credentials.password
pcall(s.cookies.set, s.cookies, { name = p, value = "x" })
pcall(s.cookies.set, s.cookies, { name = "x", value = "x", path = "/" .. p })
opaque(s.cookies:get("x"))
opaque(s.cookies:get("Sesam9931offen"))
