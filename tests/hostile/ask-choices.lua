-- A question with very many choices.
-- expect: adapter.bug
-- within: 500 ms
-- says: KiB
local s = ...
local t = {}
for i = 1, 10000 do t[i] = { id = tostring(i), label = "x" } end
s:ask({ kind = "select", choices = t })
