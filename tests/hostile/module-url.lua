-- meterkey.url given long texts, for ever.
-- expect: policy.budget
-- within: 2900 ms
local url = require "meterkey.url"
local text = "https://www.hostile.test/" .. string.rep("a/../", 200000)
while true do for _, f in pairs(url) do if type(f) == "function" then pcall(f, text) end end end
