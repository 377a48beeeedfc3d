-- A question of megabytes.
-- expect: adapter.bug
-- within: 500 ms
-- limit: burst_us=500000
-- says: KiB
local s = ...
s:ask({ kind = "otp", prompt = string.rep("x", 4000000) }, { verify = print })
