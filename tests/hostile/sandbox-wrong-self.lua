-- Methods called with foreign objects and with nothing.
-- expect: meters
-- within: 800 ms
local s = ...
local page = s:get("/login")
local form, el = page:form(), page:one("input")
local wrong = { page, form, el, {}, 1, print, false }
for _, method in ipairs({ s.get, s.post, s.request, s.submit, s.expect, s.wait, s.progress, page.one, page.all, page.has, page.form, page.json,
    page.match, page.text, page.header, el.attr, el.text, el.html, el.set, form.get, form.set, form.remove, form.controls, form.action,
    s.cookies.get, s.cookies.set, s.cookies.clear, s.credentials.password.sha256, s.credentials.password.hmac_sha256 }) do
  pcall(method)
  for _, a in ipairs(wrong) do
    pcall(method, a)
    for _, b in ipairs(wrong) do pcall(method, a, b, {}) end
  end
end
