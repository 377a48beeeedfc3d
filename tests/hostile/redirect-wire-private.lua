-- A portal on the wire that redirects to a private address.
-- expect: policy.host_denied
-- within: 300 ms
-- portal: real
local s = ...
return s:get("/to-private")
