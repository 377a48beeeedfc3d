-- Two million empty arrays: more memory than a session has.
-- expect: policy.budget
-- within: 4000 ms
local s = ...
return s:get("/wide.json"):json()
