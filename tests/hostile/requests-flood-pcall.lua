-- Requests without end inside pcall.
-- expect: policy.budget
-- within: 1500 ms
-- requests: 200
local s = ...
while true do pcall(s.get, s, "/ok") end
