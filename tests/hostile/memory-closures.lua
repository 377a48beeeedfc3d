-- Functions without end.
-- expect: policy.budget
-- within: 700 ms
local t
while true do local u = t t = function() return u end end
