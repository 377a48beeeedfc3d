-- A form of 60,000 fields, submitted.
-- expect: policy.budget
-- within: 2500 ms
local s = ...
local page = s:get("/inputs.html")
s:submit(page:form())
