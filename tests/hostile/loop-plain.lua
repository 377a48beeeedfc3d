-- An endless loop.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
while true do end
