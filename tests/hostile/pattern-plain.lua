-- Plain search of a long needle.
-- expect: policy.budget
-- within: 600 ms
local text, needle = string.rep("a", 2000000), string.rep("a", 100000) .. "b"
while true do string.find(text, needle, 1, true) end
