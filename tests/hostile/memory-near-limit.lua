-- Garbage near the limit: each allocation would collect everything.
-- expect: policy.budget
-- within: 700 ms
local live = {}
pcall(function() for i = 1, 1e9 do live[i] = { i } end end)
while true do pcall(function() local _ = string.rep("x", 1000) .. #live end) end
