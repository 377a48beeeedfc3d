-- a? twenty-eight times, then as many a.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.find(string.rep("a", 28), string.rep("a?", 28) .. string.rep("a", 28) .. "b")
