-- Tables in tables for ever.
-- expect: policy.budget
-- within: 700 ms
local t = {}
while true do t = { t, t, t } end
