-- The answers of a customer, in a table.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

s:get("/login")
local function look(answer) assert(not tostring(answer):find("424242", 1, true)) return s:get("/ok") end
s:ask({ kind = "otp" }, { verify = look })
