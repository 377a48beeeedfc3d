-- meterkey.time given long texts, for ever.
-- expect: policy.budget
-- within: 2900 ms
local time = require "meterkey.time"
local text = string.rep("%Y", 200000)
while true do for _, f in pairs(time) do if type(f) == "function" then pcall(f, text) pcall(f, 0, text) pcall(f, text, text) pcall(f, 1e300) pcall(f, -1 << 63) end end end
