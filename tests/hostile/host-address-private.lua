-- The address 10.0.0.1, declared as a host but opened by nobody.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
-- hosts: '10.0.0.1',
-- requests: 1
local s = ...
pcall(s.get, s, "https://10.0.0.1/")
