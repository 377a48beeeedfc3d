-- A secret by string.format.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local p = s.credentials.password
opaque(string.format("%s %10s", p, p))
for _, f in ipairs({ "%q", "%p", "%a", "%d", "%c", "%x", "%.20s" }) do
  local _, text = pcall(string.format, f, p)
  opaque(text)
end
