-- An external entity is not read.
-- expect: meters
-- within: 600 ms
local s = ...
local text = s:get("/external.html"):text()
assert(not text:find("root", 1, true) and not text:find("/bin", 1, true))
