-- s.keep with megabytes and thousands of entries.
-- expect: adapter.bug
-- limit: burst_us=2000000
-- within: 400 ms
-- says: s.keep holds more than 64 KiB
local s = ...
for i = 1, 1000 do s.keep["k" .. i] = string.rep("x", 10000) end
