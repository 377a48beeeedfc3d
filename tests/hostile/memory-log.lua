-- A log without end is cut line by line and stopped by the CPU limit.
-- expect: policy.budget
-- within: 700 ms
while true do print(string.rep("x", 100000)) end
