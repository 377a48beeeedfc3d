-- The same in gmatch.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
for _ in string.gmatch(string.rep("a", 3000), ".-.-.-b") do end
