-- Two lengths that differ.
-- expect: net.reset
-- within: 600 ms
-- portal: real
local s = ...
s:get("/twolengths")
