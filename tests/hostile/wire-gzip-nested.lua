-- gzip in gzip in gzip, eight times: refused.
-- expect: net.reset
-- within: 600 ms
-- portal: real
-- says: more than 5 content encodings
local s = ...
return s:get("/nested")
