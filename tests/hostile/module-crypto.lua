-- meterkey.crypto given long texts, for ever.
-- expect: policy.budget
-- within: 2900 ms
local crypto = require "meterkey.crypto"
local text = string.rep("a", 4000000)
while true do for _, f in pairs(crypto) do if type(f) == "function" then pcall(f, text) pcall(f, text, text) end end end
