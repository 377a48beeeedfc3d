-- A secret set as a cookie, read back: opaque still.
-- expect: policy.secret_denied
-- within: 400 ms
-- requests: 0
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

s.cookies:set{ name = "p", value = s.credentials.password }
local back = s.cookies:get("p")
opaque(back)
return s:get("/ok?p=" .. back)
