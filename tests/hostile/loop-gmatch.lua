-- An iterator over an empty match, driven for ever.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
while true do for _ in string.gmatch(string.rep("x", 1000), "()") do end end
