-- Options whose fields come from a __index that never ends.
-- expect: policy.budget
-- within: 400 ms
-- requests: 0
local s = ...
while true do pcall(s.get, s, "/ok", setmetatable({}, { __index = function() while true do end end })) end
