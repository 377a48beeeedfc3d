-- string.pack with wide padding, for ever.
-- expect: policy.budget
-- within: 700 ms
local t = {}
while true do t[#t + 1] = string.pack("c100000", "x") end
