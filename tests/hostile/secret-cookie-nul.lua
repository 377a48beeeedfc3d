-- A NUL in a cookie.
-- expect: adapter.bug
-- within: 400 ms
local s = ...
s.cookies:set{ name = "a", value = "b\0c" }
