-- A secret in a header to such a host.
-- expect: policy.secret_denied
-- within: 400 ms
-- hosts: { 'other.hostile.test', secrets = false },
-- requests: 0
local s = ...
pcall(s.get, s, "https://other.hostile.test/ok", { headers = { ["X-P"] = s.credentials.password } })
return s:get("/ok")
