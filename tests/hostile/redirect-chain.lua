-- A redirect to a new page each time, inside pcall.
-- expect: policy.budget
-- within: 300 ms
-- requests: 11
-- says: more than 10 redirects
local s = ...
while true do pcall(s.get, s, "/loop/1") end
