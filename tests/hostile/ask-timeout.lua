-- Nobody answers: pcall around s:ask does not catch it.
-- expect: mfa.answer_timeout
-- within: 500 ms
-- human: nobody
-- limit: challenge_ms=300
local s = ...
s:get("/login")
while true do pcall(s.ask, s, { kind = "otp" }, { verify = print }) end
