-- The same inside pcall, begun anew each time.
-- expect: policy.budget
-- within: 700 ms
while true do pcall(function() local t = "x" while true do t = t .. t end end) end
