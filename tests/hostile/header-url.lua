-- Line ends in a URL fall away, as browsers do.
-- expect: meters
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/ok\r\nstolen: 1\r\n\r\nGET /")
