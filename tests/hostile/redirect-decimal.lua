-- A redirect to a loopback address written as one number.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-decimal")
return s:get("/ok")
