-- Metatables of s, pages, elements, forms and errors.
-- expect: meters
-- within: 500 ms
local s = ...
local page = s:get("/login")
local ok, e = pcall(page.one, page, "#never")
assert(not ok)
for _, v in ipairs({ s, page, page:one("input"), page:form(), e }) do
  assert(not getmetatable(v))
  assert(not pcall(setmetatable, v, {}))
end
