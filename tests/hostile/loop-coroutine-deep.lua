-- An endless loop in a coroutine within coroutines.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local function nest(n)
  if n == 0 then while true do end end
  coroutine.wrap(nest)(n - 1)
end
nest(100)
