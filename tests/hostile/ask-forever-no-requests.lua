-- Questions without end, without a request.
-- expect: policy.budget
-- within: 900 ms
-- says: more than 100 questions
local s = ...
s:get("/login")
while true do pcall(s.ask, s, { kind = "otp" }, { verify = function(_, page) return page end }) end
