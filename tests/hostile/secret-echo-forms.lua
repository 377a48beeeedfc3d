-- A page that echoes the password in other forms.
-- expect: adapter.bug
-- within: 400 ms
-- sends: secret
-- logs: ***
local s = ...
local page = s:post("/echo", { json = { a = s.credentials.password:base64(), b = s.credentials.password:hex(), c = s.credentials.password:url() } })
print(page.body)
error(page.body)
