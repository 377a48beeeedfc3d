-- A host that is not declared.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 0
local s = ...
pcall(s.get, s, "https://elsewhere.test/")
return s:get("/ok")
