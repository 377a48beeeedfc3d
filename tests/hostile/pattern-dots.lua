-- Four lazy repeats, then a miss.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.find(string.rep("a", 5000), ".-.-.-.-b")
