-- Responses that add up.
-- expect: policy.budget
-- within: 4000 ms
-- requests: 17
local s = ...
while true do s:get("/bytes") end
