-- The same inside pcall, for ever.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
while true do pcall(string.gsub, "x", "x", function() while true do end end) end
