-- A path into the same builds nothing but what it names.
-- expect: meters
-- within: 4000 ms
-- limit: total_us=6000000
local s = ...
assert(#s:get("/wide.json"):json("$[1999999]") == 0)
