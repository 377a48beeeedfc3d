-- A log without end over many turns: it falls silent.
-- expect: policy.budget
-- within: 1500 ms
-- limit: total_us=800000
local s = ...
local text = string.rep("x", 5000)
while true do
  for _ = 1, 50 do print(text) end
  s:wait(0)
end
