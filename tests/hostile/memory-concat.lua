-- A text that is doubled for ever.
-- expect: policy.budget
-- within: 2000 ms
-- limit: burst_us=1500000
-- says: memory
local t = "x"
while true do t = t .. t end
