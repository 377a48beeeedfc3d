-- meterkey.regex, every function on a long text, for ever.
-- expect: policy.budget
-- within: 2900 ms
local regex = require "meterkey.regex"
local text = string.rep("ab ", 1000000)
while true do for _, f in pairs(regex) do if type(f) == "function" then pcall(f, text, "b") pcall(f, text, "b", "xx") pcall(f, "b", text) end end end
