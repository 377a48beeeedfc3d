-- Formats of great width, for ever.
-- expect: policy.budget
-- within: 700 ms
local t = {}
while true do t[#t + 1] = string.format("%99.99f", 1e300) end
