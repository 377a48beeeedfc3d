-- A selector of 100,000 parts.
-- expect: adapter.bug
-- within: 900 ms
local s = ...
return s:get("/login"):all(string.rep("a ", 100000))
