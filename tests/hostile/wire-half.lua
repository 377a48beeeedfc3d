-- An answer that breaks off.
-- expect: net.reset
-- within: 600 ms
-- portal: real
local s = ...
return s:get("/half")
