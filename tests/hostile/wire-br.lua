-- 512 MiB of zeros in 405 bytes of brotli.
-- expect: policy.budget
-- within: 1500 ms
-- portal: real
local s = ...
return s:get("/br")
