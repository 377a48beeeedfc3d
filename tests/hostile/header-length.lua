-- The Content-Length header is not for scripts to set.
-- expect: adapter.bug
-- within: 300 ms
-- requests: 0
local s = ...
return s:get("/echo", { headers = { ["Content-Length"] = "5" } })
