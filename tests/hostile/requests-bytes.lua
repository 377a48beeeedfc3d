-- Responses that add up.
-- expect: policy.budget
-- within: 1500 ms
-- requests: 17
local s = ...
while true do s:get("/bytes") end
