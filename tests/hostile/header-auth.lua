-- A line end in a user name.
-- expect: meters
-- within: 300 ms
-- requests: 1
local s = ...
s:get("/ok", { auth = { "a\r\nstolen: 1", "b" } })
