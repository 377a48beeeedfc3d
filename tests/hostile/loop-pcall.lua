-- An endless loop that begins anew each time it is stopped.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
while true do pcall(function() while true do end end) end
