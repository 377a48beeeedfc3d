-- Always a little under the burst: the total of the session stops it.
-- expect: policy.budget
-- within: 1500 ms
-- limit: total_us=600000
-- says: of CPU in all
local s = ...
while true do
  for _ = 1, 300000 do end
  s:wait(0)
end
