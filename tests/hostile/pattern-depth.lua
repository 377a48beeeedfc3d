-- A pattern that recurses deeply: the matcher refuses or counts it.
-- expect: policy.budget
-- within: 400 ms
while true do pcall(string.match, string.rep("a", 300000), string.rep("(a", 31) .. string.rep(")", 31) .. string.rep("a?", 5000)) end
