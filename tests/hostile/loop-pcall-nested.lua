-- pcall within pcall, each begins the loop anew.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local function again(depth)
  while true do
    if depth > 150 then while true do end end
    pcall(again, depth + 1)
  end
end
again(1)
