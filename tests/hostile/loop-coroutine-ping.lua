-- Two coroutines that pass control for ever.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local co = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do co() end
