-- __gc put into a metatable afterwards has no effect.
-- expect: meters
-- within: 500 ms
local mt = {}
local list = {}
for i = 1, 100 do list[i] = setmetatable({}, mt) end
mt.__gc = function() while true do end end
list = nil
for i = 1, 2000 do list = { i, string.rep("x", 1000) } end
return list
