-- A secret in a path, in another form.
-- expect: policy.secret_denied
-- within: 400 ms
-- requests: 0
local s = ...
pcall(s.get, s, "/ok/" .. s.credentials.password:hex())
return s:get("/ok")
