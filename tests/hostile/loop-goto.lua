-- An endless loop by goto.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
::again:: goto again
