-- Every global replaced: s:ask and the phases use their own.
-- expect: meters
-- within: 500 ms
local s = ...
local _G, pairs, type = _G, pairs, type
for k in pairs(_G) do if k ~= "_G" then _G[k] = function() while true do end end end end
local page = s:get("/login")
page = s:ask({ kind = "otp", page = page }, { verify = function(_, p) return p end })
