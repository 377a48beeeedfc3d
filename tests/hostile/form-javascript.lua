-- A form whose action is no address.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 2
local s = ...
local page = s:get("/login")
page:one("form"):set("action", "javascript:alert(1)")
pcall(s.submit, s, page:form())
return s:get("/ok")
