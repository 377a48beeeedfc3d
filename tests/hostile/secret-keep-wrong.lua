-- s.keep with what cannot be kept: a clear error, nothing shown.
-- expect: adapter.bug
-- within: 400 ms
-- says: s.keep
local s = ...
s.keep.t = { s.credentials.password }
s.keep.f = print
