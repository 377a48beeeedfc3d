-- A head that comes byte by byte.
-- expect: net.timeout
-- within: 600 ms
-- portal: real
local s = ...
return s:get("/dripheader", { timeout = 1 })
