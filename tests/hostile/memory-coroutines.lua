-- Coroutines without end.
-- expect: policy.budget
-- within: 700 ms
local t = {}
while true do t[#t + 1] = coroutine.create(print) end
