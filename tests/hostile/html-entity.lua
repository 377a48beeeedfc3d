-- Entities defined in a page are not expanded.
-- expect: meters
-- within: 600 ms
local s = ...
assert(not s:get("/entity.xml"):text():find("lollol", 1, true))
