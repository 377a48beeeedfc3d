-- Fields of s, s.keep and a string table filled for ever.
-- expect: policy.budget
-- within: 700 ms
local s = ...
for i = 1, 1e9 do s.keep["k" .. i] = string.rep("x", 1000) .. i end
