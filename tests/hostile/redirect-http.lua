-- A redirect from https to plain http.
-- expect: policy.downgrade
-- within: 300 ms
-- requests: 1
local s = ...
pcall(s.get, s, "/to-http")
