-- 200,000 arrays within arrays.
-- expect: policy.budget
-- within: 600 ms
-- says: nested too deeply
local s = ...
return s:get("/deep.json"):json()
