-- 201 requests.
-- expect: policy.budget
-- within: 1500 ms
-- requests: 200
-- says: more than 200 requests
local s = ...
for _ = 1, 201 do s:get("/ok") end
