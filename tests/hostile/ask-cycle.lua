-- A question that holds itself.
-- expect: adapter.bug
-- within: 400 ms
local s = ...
local t = {}
t.t = t
s:ask({ kind = "select", choices = { t } })
