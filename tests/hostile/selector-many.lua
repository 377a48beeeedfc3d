-- Selectors without end, each compiled anew.
-- expect: policy.budget
-- within: 2800 ms
local s = ...
local page = s:get("/login")
for i = 1, 1e9 do page:has("a.b" .. i) end
