-- All elements of a large page, for ever.
-- expect: policy.budget
-- within: 2800 ms
local s = ...
local page = s:get("/rows.html")
local t = {}
while true do t[#t + 1] = page:all("td") end
