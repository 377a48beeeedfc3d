-- Options, headers and forms with metatables that wait.
-- expect: adapter.bug
-- within: 400 ms
-- requests: 0
-- says: cannot wait here
local s = ...
return s:get("/ok", setmetatable({}, { __index = function() s:wait(1) end }))
