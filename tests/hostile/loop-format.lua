-- An endless loop in __tostring, called by string.format.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
return string.format("%s", setmetatable({}, { __tostring = function() while true do end end }))
