-- The same inside pcall, for ever.
-- expect: policy.budget
-- within: 400 ms
while true do pcall(string.find, string.rep("a", 5000), ".-.-.-.-b") end
