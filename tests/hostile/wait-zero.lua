-- Waits of no time, without end.
-- expect: policy.budget
-- within: 1500 ms
-- limit: wall_ms=1500
-- limit: total_us=400000
local s = ...
while true do s:wait(0) end
