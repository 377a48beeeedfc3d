-- Zeros without end, in gzip.
-- expect: policy.budget
-- within: 1500 ms
-- portal: real
local s = ...
return s:get("/gzip")
