-- A question inside __tostring.
-- expect: adapter.bug
-- within: 500 ms
-- requests: 0
-- says: cannot wait here
local s = ...
return tostring(setmetatable({}, { __tostring = function() s:ask({ kind = "otp" }, { verify = print }) end }))
