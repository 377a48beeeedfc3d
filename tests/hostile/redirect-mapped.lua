-- A redirect to a loopback address mapped into IPv6.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-mapped")
return s:get("/ok")
