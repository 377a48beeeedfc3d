-- 600,000 elements, never closed.
-- expect: policy.budget
-- within: 2800 ms
local s = ...
local page = s:get("/tags.html")
while true do page:all("b b b b i") end
