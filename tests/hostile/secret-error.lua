-- A secret as the error itself.
-- expect: adapter.bug
-- within: 400 ms
local s = ...
error(s.credentials.password)
