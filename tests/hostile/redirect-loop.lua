-- A redirect to itself.
-- expect: policy.budget
-- within: 300 ms
-- requests: 11
-- says: more than 10 redirects
local s = ...
return s:get("/loop")
