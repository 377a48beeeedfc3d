-- Functions of string replaced: the engine and the neighbour use their own.
-- expect: meters
-- within: 500 ms
local s = ...
for k in pairs(string) do string[k] = function() error("replaced") end end
for k in pairs(table) do table[k] = nil end
local page = s:get("/login")
local form = page:form("#signin")
form.username = "x"
s:get("/ok", { headers = { a = "b" }, query = { q = "1" } })
