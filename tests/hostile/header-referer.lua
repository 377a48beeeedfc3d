-- Line ends in the referer fall away, as in any URL.
-- expect: meters
-- within: 300 ms
-- requests: 1
local s = ...
return s:get("/ok", { referer = "https://www.hostile.test/\r\nstolen: 1" })
