-- A metatable on the globals that loops on each name.
-- expect: meters
-- within: 500 ms
local s = ...
local get, ask = s.get, s.ask
setmetatable(_G, { __index = function() while true do end end, __newindex = function() while true do end end })
local page = get(s, "/login")
ask(s, { kind = "otp" }, { verify = function(_, p) return p end })
