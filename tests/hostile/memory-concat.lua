-- A text that is doubled for ever.
-- expect: policy.budget
-- within: 700 ms
-- says: memory
local t = "x"
while true do t = t .. t end
