-- A regular expression that blows up, on a page.
-- expect: policy.budget
-- within: 600 ms
local s = ...
return s:get("/aaaa"):match([[^(a+)+$]])
