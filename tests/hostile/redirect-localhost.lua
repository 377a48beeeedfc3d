-- A redirect to localhost.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-localhost")
return s:get("/ok")
