-- A redirect to a loopback address.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-loopback")
return s:get("/ok")
