-- XPath that gives ever longer texts.
-- expect: policy.budget
-- within: 2500 ms
local s = ...
local page = s:get("/rows.html")
local e = "string(/)"
for _ = 1, 30 do e = "concat(" .. e .. "," .. e .. ")" end
return page:all("//td[" .. string.sub(e, 1, 100000) .. "]")
