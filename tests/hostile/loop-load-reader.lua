-- A reader of load that never returns.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
load(function() while true do end end)
