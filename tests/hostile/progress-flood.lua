-- Progress without end: it falls silent, then the CPU limit.
-- expect: policy.budget
-- within: 500 ms
local s = ...
local text = string.rep("x", 150)
while true do s:progress(text) end
