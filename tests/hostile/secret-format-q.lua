-- A secret by %q.
-- expect: adapter.bug
-- within: 400 ms
local s = ...
error(string.format("%q", s.credentials.password))
