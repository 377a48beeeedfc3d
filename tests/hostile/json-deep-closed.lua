-- Objects one deeper than the limit.
-- expect: policy.budget
-- within: 600 ms
-- says: nested too deeply
local s = ...
return s:get("/deep-closed.json"):json()
