-- s:fail runs no code that goes on.
-- expect: auth.credentials
-- within: 500 ms
-- requests: 0
local s = ...
local guard <close> = setmetatable({}, { __close = function() s:get("/ok") while true do end end })
pcall(function() local inner <close> = guard s:fail("auth.credentials", "no") end)
while true do end
