-- Moves whose every step calls __index, for ever.
-- expect: policy.budget
-- within: 400 ms
local t = setmetatable({}, { __index = function() return nil end })
while true do table.move(t, 1, 100000, 1, {}) end
