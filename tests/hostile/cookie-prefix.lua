-- Cookies whose prefix promises what they lack are not taken.
-- expect: meters
-- within: 300 ms
local s = ...
s:get("/cookie-prefix")
s:get("/ok")
assert(not s.cookies:get("__Host-stolen") and not s.cookies:get("__Secure-stolen"))
