-- A chunk of 2^63 bytes.
-- expect: policy.budget
-- within: 1500 ms
-- portal: real
local s = ...
return s:get("/chunks")
