-- A secret as the value of an attribute.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local page = s:get("/login")
local input = page:one("input")
pcall(input.set, input, "value", s.credentials.password)
opaque(input:attr("value"))
opaque(page:one("form"):html())
opaque(page:form():get("username"))
