-- A URL whose user name looks like the declared host.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 0
local s = ...
pcall(s.get, s, "https://www.hostile.test@elsewhere.test/")
