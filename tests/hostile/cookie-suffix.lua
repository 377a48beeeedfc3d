-- A cookie for a public suffix is not taken.
-- expect: meters
-- within: 300 ms
local s = ...
s:get("/cookie-suffix")
s:get("/ok")
assert(not s.cookies:get("stolen"))
