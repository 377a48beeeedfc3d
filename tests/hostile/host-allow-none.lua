-- A plain http origin that is declared, but that no operator opened.
-- expect: policy.host_denied
-- within: 300 ms
-- hosts: 'http://127.0.0.1:1',
-- requests: 0
local s = ...
pcall(s.get, s, "http://127.0.0.1:1/")
