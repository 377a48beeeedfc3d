-- A join of 2^50 elements that are not there, by __index.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
return table.concat(setmetatable({}, { __index = function() return "" end }), "", 1, 1 << 50)
