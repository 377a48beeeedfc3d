-- A recursive pattern without end.
-- expect: policy.budget
-- within: 600 ms
local s = ...
return s:get("/aaaa"):match([[^((a|b)(?1)*)+$]])
