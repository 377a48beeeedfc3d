-- The same in gsub.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.gsub(string.rep("a", 3000), ".-.-.-b", "x")
