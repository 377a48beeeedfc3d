-- A redirect to a file.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-file")
return s:get("/ok")
