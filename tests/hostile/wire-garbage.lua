-- No HTTP at all.
-- expect: net.reset
-- within: 600 ms
-- portal: real
local s = ...
return s:get("/garbage")
