-- A callback of gsub that never returns.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
string.gsub("x", "x", function() while true do end end)
