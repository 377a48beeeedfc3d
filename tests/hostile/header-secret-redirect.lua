-- A secret in a header does not follow a redirect to another host.
-- expect: meters
-- within: 300 ms
-- hosts: { 'other.hostile.test', secrets = false },
-- sends: secret
local s = ...
s:get("/get-elsewhere", { headers = { ["X-Key"] = s.credentials.password } })
s:get("https://www.hostile.test/get-elsewhere", { auth = { "user", s.credentials.password } })
