-- Formatting elements that a parser opens again and again.
-- expect: policy.budget
-- within: 2500 ms
local s = ...
local page = s:get("/deep-font.html")
page:text()
