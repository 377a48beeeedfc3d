-- A host below a declared one, and one that only ends alike.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 0
local s = ...
pcall(s.get, s, "https://evilwww.hostile.test/")
