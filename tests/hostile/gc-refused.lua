-- __gc would run where no limit reaches: it is refused.
-- expect: adapter.bug
-- within: 300 ms
-- says: nothing runs when memory is collected
return setmetatable({}, { __gc = function() while true do end end })
