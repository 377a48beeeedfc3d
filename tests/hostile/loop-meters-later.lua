-- An endless loop that begins only after many small steps.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local n = 0
while true do n = n + 1 if n > 1e9 then error("out of reach") end end
