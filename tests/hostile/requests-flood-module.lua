-- Requests without end by meterkey.http.
-- expect: policy.budget
-- within: 1500 ms
-- requests: 200
local http = require "meterkey.http"
while true do http.get("@ORIGIN@/ok") end
