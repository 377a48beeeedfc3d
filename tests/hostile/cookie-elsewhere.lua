-- A cookie for another host is not taken.
-- expect: meters
-- within: 300 ms
local s = ...
s:get("/cookie-elsewhere")
s:get("/ok")
assert(not s.cookies:get("stolen"))
