-- A secret by tostring.
-- expect: adapter.bug
-- within: 400 ms
-- says: it is ***!
local s = ...
error("it is " .. tostring(s.credentials.password) .. "!")
