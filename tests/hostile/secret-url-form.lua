-- A form with a secret that is sent by GET, so in the URL.
-- expect: policy.secret_denied
-- within: 400 ms
-- requests: 1
local s = ...
local page = s:get("/login")
page:one("form"):set("method", "get")
local form = page:form()
form.password = s.credentials.password
pcall(s.submit, s, form)
return s:get("/ok")
