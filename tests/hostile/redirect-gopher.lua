-- A redirect to another protocol.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-gopher")
return s:get("/ok")
