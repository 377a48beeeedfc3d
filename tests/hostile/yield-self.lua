-- A coroutine that resumes, wraps and closes itself and its parent.
-- expect: meters
-- within: 500 ms
local main = coroutine.running()
local co
co = coroutine.create(function()
  assert(not coroutine.resume(co))
  assert(not coroutine.resume(main))
  assert(not pcall(coroutine.close, co))
  assert(not pcall(coroutine.close, main))
end)
assert(coroutine.resume(co))
