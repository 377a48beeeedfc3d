-- A handler of xpcall that loops after an error.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
xpcall(error, function() while true do end end, "x")
