-- Requests without end that nobody answers.
-- expect: policy.budget
-- within: 1500 ms
-- requests: 200
local s = ...
while true do pcall(s.get, s, "/nobody") end
