-- %b and a frontier, from each position anew.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.find(string.rep("(", 200000), "%b()%f[x]")
