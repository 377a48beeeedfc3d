-- Nested quantifiers with a back reference.
-- expect: policy.budget
-- within: 600 ms
local s = ...
return s:get("/aaaa"):match([[(a*)*\1b]])
