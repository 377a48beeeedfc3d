-- meterkey.html given a text of megabytes.
-- expect: policy.budget
-- within: 2900 ms
local html = require "meterkey.html"
local text = string.rep("<p>x<b>y</b></p>", 400000)
while true do pcall(html.parse, text) end
