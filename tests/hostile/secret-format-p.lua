-- The address of a secret.
-- expect: adapter.bug
-- within: 400 ms
local s = ...
error(string.format("%p", s.credentials.password))
