-- Regular expressions compiled without end.
-- expect: policy.budget
-- within: 2800 ms
local s = ...
local page = s:get("/ok")
for i = 1, 1e9 do pcall(page.match, page, "(a{1,500}){1,100}" .. i) end
