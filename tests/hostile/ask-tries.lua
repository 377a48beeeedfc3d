-- Rejected answers inside pcall: the tries end.
-- expect: mfa.tries_exhausted
-- within: 500 ms
-- with: errors = { { code = 'mfa.code_wrong', html = '.badcode' } },
-- sends: secret
-- requests: 4
local s = ...
s:post("/login", { form = { username = s.credentials.username, password = s.credentials.password } })
while true do
  pcall(s.ask, s, { kind = "otp" }, { verify = function(code) return s:post("/mfa", { form = { code = "1", real = code } }) end })
end
