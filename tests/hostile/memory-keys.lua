-- Long keys for ever.
-- expect: policy.budget
-- within: 700 ms
local t = {}
for i = 1, 1e9 do t[string.rep("k", 5000) .. i] = true end
