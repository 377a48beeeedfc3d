-- A page changed under a form and its elements.
-- expect: meters
-- within: 600 ms
local s = ...
local page = s:get("/login")
local form, inputs = page:form(), page:all("input")
for i = 1, 200 do
  for _, el in ipairs(inputs) do el:set("name", string.rep("n", i)) el:set("value", el:attr("name")) el:set("type", "file") end
  form:controls()
  page:one("input"):set("form", "signin")
end
pcall(s.submit, s, form)
pcall(s.submit, s, page:form())
