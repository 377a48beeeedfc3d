-- A manifest whose fields come from a __index that never ends.
-- expect: refused
-- within: 2600 ms
-- adapter: whole
return setmetatable({ api = 1 }, { __index = function() while true do end end, __pairs = function() while true do end end })
