-- meterkey.http may reach no more than the session.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 0
local http = require "meterkey.http"
pcall(http.get, "https://elsewhere.test/")
pcall(http.get, "http://169.254.169.254/")
return http.get("https://10.0.0.1/")
