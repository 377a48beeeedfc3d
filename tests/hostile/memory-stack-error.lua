-- Recursion without end fills the memory with its stack.
-- expect: policy.budget
-- within: 1200 ms
-- limit: burst_us=500000
-- says: memory
local function f(n) return 1 + f(n + 1) end
return f(1)
