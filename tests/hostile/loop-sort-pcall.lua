-- The same inside pcall, for ever.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
while true do pcall(table.sort, { 3, 2, 1 }, function() while true do end end) end
