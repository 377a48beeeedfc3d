-- A secret given to meterkey.url.
-- expect: policy.secret_denied
-- within: 400 ms
-- requests: 0
local s = ...
local url = require "meterkey.url"
for _, f in pairs(url) do
  pcall(f, s.credentials.password)
  pcall(f, "https://www.hostile.test/", s.credentials.password)
  pcall(f, { p = s.credentials.password })
  pcall(f, "https://www.hostile.test/", { p = s.credentials.password })
end
return s:get("/ok")
