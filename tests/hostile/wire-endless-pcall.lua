-- The same inside pcall: the first ends the session.
-- expect: policy.budget
-- within: 1500 ms
-- portal: real
-- requests: 1
local s = ...
while true do pcall(s.get, s, "/endless") end
