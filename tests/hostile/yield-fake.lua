-- A coroutine that yields what the engine might yield, and is resumed while a request waits.
-- expect: meters
-- within: 500 ms
local s = ...
local co
co = coroutine.create(function()
  local page = s:get("/ok")
  return page.body
end)
local other = coroutine.create(function() return coroutine.resume(co) end)
local ok, ok2, body = coroutine.resume(other)
assert(ok and ok2 and body == "ok", tostring(body))
assert(not coroutine.resume(co))
