-- An endless loop in the __close of a coroutine that is closed.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local co = coroutine.create(function()
  local guard <close> = setmetatable({}, { __close = function() while true do end end })
  coroutine.yield(guard)
end)
coroutine.resume(co)
coroutine.close(co)
