-- A loopback address spelled 0x7f000001.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
-- requests: 0
local s = ...
pcall(s.get, s, "https://0x7f000001/")
