-- A redirect whose host two parsers read differently.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-backslash")
return s:get("/ok")
