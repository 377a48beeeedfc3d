-- A reader of load that gives spaces without end.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
while true do pcall(load, function() return " " end) end
