-- A cookie of a megabyte is not taken.
-- expect: adapter.bug
-- within: 300 ms
local s = ...
s.cookies:set{ name = "a", value = string.rep("x", 1000000) }
