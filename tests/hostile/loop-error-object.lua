-- An error object whose __tostring never ends: nobody may call it.
-- expect: adapter.bug
-- within: 300 ms
error(setmetatable({}, { __tostring = function() while true do end end }))
