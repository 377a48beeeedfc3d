-- A line end in the content type.
-- expect: adapter.bug
-- within: 300 ms
-- requests: 0
local s = ...
return s:post("/echo", { body = "x", type = "text/plain\r\nstolen: 1" })
