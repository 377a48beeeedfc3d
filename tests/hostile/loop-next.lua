-- next over a large table, begun anew for each key.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local t = {}
for i = 1, 20000 do t["k" .. i] = i end
while true do for k in pairs(t) do next(t, k) end end
