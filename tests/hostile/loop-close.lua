-- An endless loop in __close, met while the loop before it is stopped.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local guard <close> = setmetatable({}, { __close = function() while true do end end })
while guard do end
