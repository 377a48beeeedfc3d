-- A poll that fails leaves no door open for requests that nobody counts.
-- expect: policy.budget
-- within: 1500 ms
-- requests: 260
local s = ...
s:get("/login")
pcall(s.ask, s, { kind = "approve" }, { poll = function() error("now") end })
while true do s:get("/ok") end
