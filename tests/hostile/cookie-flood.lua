-- Cookies without end: the jar stays small, the header of them has a limit.
-- expect: policy.budget
-- within: 1200 ms
-- says: too long to send
-- requests: 150
local s = ...
for _ = 1, 150 do s:get("/cookie-flood") end
for i = 1, 80 do pcall(s.cookies.set, s.cookies, { name = "n" .. i, value = string.rep("x", 4000) }) end
s:get("/ok")
