-- A time limit of none, a negative one and a huge one.
-- expect: adapter.bug
-- within: 300 ms
-- requests: 0
local s = ...
s:get("/ok", { timeout = -1 })
