-- A byte now and then, without end.
-- expect: net.timeout
-- within: 600 ms
-- portal: real
local s = ...
return s:get("/drip", { timeout = 1 })
