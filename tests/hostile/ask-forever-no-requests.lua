-- Questions that are answered for ever, without a request.
-- expect: policy.budget
-- within: 3500 ms
-- limit: total_us=500000
-- limit: wall_ms=3000
local s = ...
s:get("/login")
while true do pcall(s.ask, s, { kind = "otp" }, { verify = function(_, page) return page end }) end
