-- A __pairs that never ends.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
for _ in pairs(setmetatable({}, { __pairs = function() return function() return 1 end end })) do end
