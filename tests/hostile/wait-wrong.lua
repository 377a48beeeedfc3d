-- Waits of a negative, a huge and no number.
-- expect: adapter.bug
-- within: 500 ms
local s = ...
for _, n in ipairs({ -1, 61, 1e300, 0 / 0, math.huge, -math.huge }) do assert(not pcall(s.wait, s, n), n) end
s:wait("x")
