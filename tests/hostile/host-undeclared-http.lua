-- A declared host over plain http.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 0
-- says: plain http
local s = ...
pcall(s.get, s, "http://www.hostile.test/ok")
