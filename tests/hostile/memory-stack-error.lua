-- Recursion without end fills the memory with its stack.
-- expect: policy.budget
-- within: 700 ms
-- says: memory
local function f(n) return 1 + f(n + 1) end
return f(1)
