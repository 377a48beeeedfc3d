-- 103 Early Hints without end.
-- expect: policy.budget
-- within: 600 ms
-- portal: real
local s = ...
return s:get("/early")
