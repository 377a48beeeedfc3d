-- A number of 300,000 digits is a string, at once.
-- expect: meters
-- within: 600 ms
local s = ...
assert(type(s:get("/long-number.json"):json()) == "string")
