-- A secret in a form, read back every way there is.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local page = s:get("/login")
local form = page:form()
form.password, form.username, form.other = s.credentials.password, s.credentials.password, s.credentials.password
for _, c in ipairs(form:controls()) do
  opaque(c)
  if type(c) == "table" then for _, v in pairs(c) do opaque(v) end end
end
for _, name in ipairs({ "password", "username", "other" }) do opaque(form:get(name)) opaque(form[name]) end
for _, el in ipairs(page:all("input")) do opaque(el:attr("value")) opaque(el:html()) end
opaque(page:one("form"):html())
opaque(form:action())
