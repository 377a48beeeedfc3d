-- Innocent code on 200 KB of spaces.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.find(string.rep(" ", 200000), "%s*x")
