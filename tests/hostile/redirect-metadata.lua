-- A redirect to the metadata service of clouds.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-metadata")
return s:get("/ok")
