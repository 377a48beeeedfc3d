-- An endless loop in __index.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local t = setmetatable({}, { __index = function() while true do end end })
return t.x
