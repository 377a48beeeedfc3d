-- string.rep, each time within its limit.
-- expect: policy.budget
-- limit: burst_us=2000000
-- within: 700 ms
-- says: memory
local t = {}
while true do t[#t + 1] = string.rep("x", 1 << 22) end
