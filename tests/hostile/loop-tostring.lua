-- An endless loop in __tostring.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
return tostring(setmetatable({}, { __tostring = function() while true do end end }))
