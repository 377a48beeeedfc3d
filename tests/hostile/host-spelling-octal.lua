-- A loopback address spelled 0177.0.0.1.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
-- requests: 0
local s = ...
pcall(s.get, s, "https://0177.0.0.1/")
