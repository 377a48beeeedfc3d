-- A chunk of 2^63 bytes.
-- expect: policy.budget
-- within: 4000 ms
-- portal: real
local s = ...
return s:get("/chunks")
