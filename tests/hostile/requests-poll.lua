-- Requests without end inside one poll.
-- expect: policy.budget
-- within: 1500 ms
-- requests: 260
local s = ...
s:get("/login")
s:ask({ kind = "approve" }, { poll = function() while true do s:get("/ok") end end })
