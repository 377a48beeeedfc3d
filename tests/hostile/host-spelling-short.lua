-- A loopback address spelled 127.1.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
-- requests: 0
local s = ...
pcall(s.get, s, "https://127.1/")
