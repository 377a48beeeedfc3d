-- More results than a stack holds.
-- expect: policy.budget
-- within: 700 ms
while true do pcall(function() return table.unpack({}, 1, 1e6) end) pcall(string.byte, string.rep("x", 1e6), 1, -1) end
