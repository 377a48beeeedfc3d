-- A regular expression too large to compile.
-- expect: adapter.bug
-- within: 900 ms
local s = ...
return s:get("/ok"):match(string.rep("(a", 20000) .. string.rep(")", 20000))
