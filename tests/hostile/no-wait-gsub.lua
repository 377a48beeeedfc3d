-- A request inside gsub.
-- expect: adapter.bug
-- within: 500 ms
-- requests: 0
-- says: cannot wait here
local s = ...
return string.gsub("x", "x", function() s:get("/ok") end)
