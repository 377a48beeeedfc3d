-- An XPath expression of cubic cost.
-- expect: policy.budget
-- within: 1200 ms
local s = ...
return s:get("/rows.html"):all("//td[count(//td[count(//tr) > 1]) > 1]")
