-- s:fail inside a sort inside pcall.
-- expect: auth.credentials
-- within: 500 ms
local s = ...
while true do pcall(table.sort, { 2, 1 }, function() s:fail("auth.credentials", "no") end) end
