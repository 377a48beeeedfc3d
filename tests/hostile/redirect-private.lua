-- A redirect to a private address.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-private")
return s:get("/ok")
