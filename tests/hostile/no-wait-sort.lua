-- A request inside table.sort cannot wait: a clear error.
-- expect: adapter.bug
-- within: 500 ms
-- requests: 0
-- says: cannot wait here
local s = ...
table.sort({ 2, 1 }, function() s:get("/ok") return true end)
