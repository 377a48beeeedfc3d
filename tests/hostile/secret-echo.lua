-- A page that echoes the password: what leaves the session is masked.
-- expect: adapter.unexpected_page
-- within: 400 ms
-- sends: secret
-- logs: ***
local s = ...
local page = s:post("/echo", { form = { p = s.credentials.password } })
print(page.body)
s:progress(page.body)
s.note = page.body
s:expect(page, "#never")
