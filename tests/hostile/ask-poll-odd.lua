-- Polls at odd times.
-- expect: meters
-- within: 300 ms
-- human: nobody
local s = ...
s:get("/login")
for _, every in ipairs({ 0 / 0, -1, 0, 1e300, math.huge, "x", {} }) do
  assert(not pcall(s.ask, s, { kind = "approve" }, { poll = function() end, every = every }))
end
