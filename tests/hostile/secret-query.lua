-- A secret in a query.
-- expect: policy.secret_denied
-- within: 400 ms
-- requests: 0
local s = ...
pcall(s.get, s, "/ok", { query = { p = s.credentials.password } })
return s:get("/ok")
