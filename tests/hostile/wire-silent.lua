-- No answer at all.
-- expect: net.timeout
-- within: 600 ms
-- portal: real
local s = ...
return s:get("/silent", { timeout = 1 })
