-- A body without end.
-- expect: policy.budget
-- within: 1500 ms
-- portal: real
local s = ...
return s:get("/endless")
