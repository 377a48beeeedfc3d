-- The same inside pcall, for ever.
-- expect: policy.budget
-- within: 2800 ms
local s = ...
local page = s:get("/aaaa")
while true do pcall(page.match, page, [[^(a+)+$]]) end
