-- A coroutine that waits for an answer is never closed from outside, and its __close never runs twice.
-- expect: meters
-- within: 500 ms
local s = ...
local closed = 0
local co = coroutine.wrap(function()
  local guard <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  s:get("/ok")
  return guard
end)
co()
assert(closed == 1)
