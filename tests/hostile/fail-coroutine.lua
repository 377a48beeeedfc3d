-- s:fail in a coroutine ends the session, not the coroutine.
-- expect: auth.credentials
-- within: 500 ms
-- requests: 0
local s = ...
coroutine.resume(coroutine.create(function() s:fail("auth.credentials", "no") end))
s:get("/ok")
