-- A secret in the message of s:fail.
-- expect: adapter.parse
-- within: 400 ms
-- says: ***
local s = ...
s:fail("adapter.parse", "it is " .. tostring(s.credentials.password .. "x"))
