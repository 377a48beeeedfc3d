-- Very many headers.
-- expect: adapter.bug
-- limit: burst_us=2000000
-- within: 600 ms
-- requests: 0
local s = ...
local h = {}
for i = 1, 20000 do h["X-" .. i] = string.rep("x", 200) end
return s:get("/ok", { headers = h })
