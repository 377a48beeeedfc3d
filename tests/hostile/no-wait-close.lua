-- A request inside __close while a coroutine is closed.
-- expect: adapter.bug
-- within: 300 ms
-- requests: 0
-- says: cannot wait here
local s = ...
local co = coroutine.create(function()
  local guard <close> = setmetatable({}, { __close = function() s:get("/ok") end })
  coroutine.yield(guard)
end)
coroutine.resume(co)
assert(coroutine.close(co))
