-- The same inside pcall, for ever.
-- expect: policy.budget
-- within: 700 ms
while true do pcall(string.rep, "x", 1 << 30) end
