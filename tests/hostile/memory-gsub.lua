-- gsub whose replacement is longer each time.
-- expect: policy.budget
-- within: 700 ms
local t = "xx"
while true do t = t:gsub("x", "xx") end
