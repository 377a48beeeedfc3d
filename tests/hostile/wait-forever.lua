-- Waits without end: the wall clock.
-- expect: policy.budget
-- within: 500 ms
-- limit: wall_ms=1500
-- says: seconds in all
local s = ...
while true do pcall(s.wait, s, 60) end
