-- A loopback address spelled 2130706433.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
-- requests: 0
local s = ...
pcall(s.get, s, "https://2130706433/")
