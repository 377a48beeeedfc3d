-- 200,000 attributes on one element.
-- expect: meters
-- within: 3500 ms
local s = ...
assert(s:get("/attributes.html"):has("p"))
