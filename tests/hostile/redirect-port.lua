-- A redirect to another port of the same host.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-port")
return s:get("/ok")
