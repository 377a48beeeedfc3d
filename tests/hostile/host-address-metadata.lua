-- The address 169.254.169.254, declared as a host but opened by nobody.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
-- hosts: '169.254.169.254',
-- requests: 1
local s = ...
pcall(s.get, s, "https://169.254.169.254/")
