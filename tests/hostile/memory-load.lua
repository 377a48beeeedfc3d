-- A function with as many constants as memory holds.
-- expect: policy.budget
-- within: 700 ms
local t = {}
for i = 1, 1e9 do t[i] = load("return '" .. string.rep("x", 100000) .. i .. "'") end
