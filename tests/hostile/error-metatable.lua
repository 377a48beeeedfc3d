-- An error object with a metatable of its own.
-- expect: adapter.bug
-- within: 500 ms
error(setmetatable({}, { __index = function() error("again") end, __tostring = function() error("again") end, __name = 7 }))
