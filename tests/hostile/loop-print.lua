-- An endless loop in __tostring, called by print.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
print(setmetatable({}, { __tostring = function() while true do end end }))
