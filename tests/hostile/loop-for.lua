-- A loop of 2^62 steps.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
for i = 1, 1 << 62 do local _ = i end
