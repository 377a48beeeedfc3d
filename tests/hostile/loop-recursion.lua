-- Endless recursion by tail calls.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local function f(n) return f(n + 1) end
f(1)
