-- __index that leads to itself through new tables ends at the limit of C calls.
-- expect: adapter.bug
-- within: 300 ms
-- says: C stack overflow
local mt = {}
mt.__index = function(_, k) return setmetatable({}, mt)[k] end
return setmetatable({}, mt).x
