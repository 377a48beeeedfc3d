-- Arguments that are doubled for ever.
-- expect: policy.budget
-- within: 700 ms
local function f(...) return f(..., ...) end
local function g(...) return g(select("#", ...), ...) end
while true do pcall(f, 1) pcall(g, 1) end
