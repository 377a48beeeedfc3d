-- A back reference of half the text at each position.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.find(string.rep("a", 3000), "(.*)%1b")
