-- An approval that never comes, inside pcall.
-- expect: mfa.answer_timeout
-- within: 500 ms
-- limit: challenge_ms=1500
-- limit: poll_ms=100
-- human: nobody
-- requests: 20
local s = ...
s:get("/login")
while true do pcall(s.ask, s, { kind = "approve" }, { poll = function() s:get("/ok") end, every = 0.001 }) end
