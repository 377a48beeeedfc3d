-- A password that a page echoes, where an excerpt is cut.
-- expect: adapter.unexpected_page
-- within: 400 ms
-- sends: secret
local s = ...
local page = s:post("/echo", { form = { { "x", string.rep("y", 584) }, { "p", s.credentials.password } } })
s:progress(string.rep("y", 190) .. page.body:sub(-14))
for n = 8180, 8192 do print(string.rep("y", n) .. page.body:sub(-14)) end
for n = 5985, 6000 do print(string.rep("y", n) .. page.body:sub(-14)) end
s:expect(page, "#never")
