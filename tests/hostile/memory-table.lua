-- A table that grows for ever.
-- expect: policy.budget
-- within: 700 ms
local t = {}
while true do t[#t + 1] = #t end
