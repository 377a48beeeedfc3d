-- Random numbers without end.
-- expect: policy.budget
-- within: 2900 ms
local crypto = require "meterkey.crypto"
while true do for _, f in pairs(crypto) do if type(f) == "function" then pcall(f, 1 << 40) pcall(f, 1000000) pcall(f, -1) end end end
