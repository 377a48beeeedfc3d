-- A question asked in a coroutine that is dropped: the next one stands alone.
-- expect: meters
-- within: 400 ms
local s = ...
local page = s:get("/login")
local co = coroutine.create(function() s:ask({ kind = "otp" }, { verify = function() coroutine.yield() end }) end)
coroutine.resume(co)
s:ask({ kind = "otp" }, { verify = function(_, p) return p end })
coroutine.resume(co)
return page
