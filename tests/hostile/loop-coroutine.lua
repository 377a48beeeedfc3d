-- An endless loop in a coroutine.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
coroutine.wrap(function() while true do end end)()
