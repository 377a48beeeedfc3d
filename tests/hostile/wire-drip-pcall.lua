-- Retries of slow answers: the wall clock stops them.
-- expect: policy.budget
-- within: 800 ms
-- portal: real
-- limit: wall_ms=2500
local s = ...
while true do pcall(s.get, s, "/drip", { timeout = 1 }) end
