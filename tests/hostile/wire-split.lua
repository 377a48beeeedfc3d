-- A line end inside Location brings no cookie in.
-- expect: adapter.parse
-- within: 600 ms
-- portal: real
local s = ...
s:get("/split", { redirect = false })
assert(not s.cookies:get("stolen"))
return s:get("/ok"):json()
