-- A declared host whose name resolves to a loopback address.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
-- hosts: 'localhost',
local s = ...
pcall(s.get, s, "https://localhost/")
