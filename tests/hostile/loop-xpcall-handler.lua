-- The handler of xpcall is the loop itself.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local function loop() while true do end end
xpcall(loop, loop)
