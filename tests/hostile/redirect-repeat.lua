-- A 307 that would carry a password to another declared host.
-- expect: policy.redirect_denied
-- within: 300 ms
-- hosts: 'other.hostile.test',
-- requests: 1
-- sends: secret
local s = ...
s:post("/repeat-elsewhere", { form = { p = s.credentials.password } })
