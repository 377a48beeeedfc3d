-- An endless loop that makes garbage.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
repeat local t = { {}, {} } until not t
