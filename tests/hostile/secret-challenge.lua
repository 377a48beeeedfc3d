-- A question to the customer that holds the password.
-- expect: mfa.answer_timeout
-- within: 400 ms
-- sends: secret
-- human: nobody
-- limit: challenge_ms=300
local s = ...
local page = s:post("/echo", { form = { p = s.credentials.password } })
s:ask({ kind = "otp", prompt = page.body, message = page.body, dest = page.body }, { verify = function() return page end })
