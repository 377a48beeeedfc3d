-- A length that __len makes 2^60, walked by ipairs and unpack.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local t = setmetatable({}, { __len = function() return 1 << 60 end, __index = function() return 1 end })
pcall(table.unpack, t)
for _ in ipairs(t) do end
