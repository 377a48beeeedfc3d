-- A method that is none.
-- expect: adapter.bug
-- within: 300 ms
-- requests: 0
local s = ...
return s:request("GET /stolen HTTP/1.1\r\nX:", "/ok")
