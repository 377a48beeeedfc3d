-- A secret in a path.
-- expect: policy.secret_denied
-- within: 400 ms
-- requests: 0
local s = ...
pcall(s.get, s, "/ok/" .. s.credentials.password)
return s:get("/ok")
