-- A line end in a cookie.
-- expect: adapter.bug
-- within: 300 ms
-- requests: 0
local s = ...
s.cookies:set{ name = "a", value = "1\r\nstolen: 1" }
return s:get("/ok")
