-- Elements, forms and matches that outlive their page and its coroutine.
-- expect: meters
-- limit: burst_us=2000000
-- within: 1500 ms
local s = ...
local kept = {}
for i = 1, 20 do
  coroutine.wrap(function()
    local page = s:get("/login")
    kept[i] = { page:one("input"), page:form(), page:all("*"), page:one("form"):one("input") }
  end)()
end
for _ = 1, 300 do local _ = string.rep("x", 100000) .. "y" end
for _, k in ipairs(kept) do
  assert(k[1]:attr("name") == "username")
  k[2].username = "x"
  assert(#k[2]:controls() == 2)
  for _, el in ipairs(k[3]) do el:set("title", "x") assert(el:html()) end
  assert(k[4]:html():find("x", 1, true))
end
