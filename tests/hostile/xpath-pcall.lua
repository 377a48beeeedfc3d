-- The same inside pcall, for ever.
-- expect: policy.budget
-- within: 3000 ms
local s = ...
local page = s:get("/rows.html")
while true do pcall(page.all, page, "//td[count(//td[count(//tr) > 1]) > 1]") end
