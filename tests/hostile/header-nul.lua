-- A NUL in the value of a header.
-- expect: adapter.bug
-- within: 300 ms
-- requests: 0
local s = ...
return s:get("/echo", { headers = { ["X-A"] = "a\0stolen" } })
