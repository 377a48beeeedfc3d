-- The same with a long time limit: the wall clock of the session stops it.
-- expect: policy.budget
-- within: 600 ms
-- portal: real
-- limit: wall_ms=1500
-- says: seconds in all
local s = ...
return s:get("/drip", { timeout = 100 })
