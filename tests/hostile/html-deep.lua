-- 200,000 elements within each other.
-- expect: policy.budget
-- within: 2000 ms
local s = ...
local page = s:get("/deep.html")
assert(not page:has("table"))
