-- A redirect to a host that hides behind a user name.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-user")
return s:get("/ok")
