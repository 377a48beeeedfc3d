-- A secret as the key of a table.
-- expect: adapter.bug
-- within: 400 ms
local s = ...
local t = {}
t[s.credentials.password] = true
local k = next(t)
error(k)
