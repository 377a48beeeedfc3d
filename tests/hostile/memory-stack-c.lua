-- Recursion through C: pcall, gsub and sort within themselves.
-- expect: policy.budget
-- within: 700 ms
local function f() string.gsub("x", "x", f) end
local function g() table.sort({ 1, 2 }, function() g() end) end
local function h() return pcall(h) end
while true do pcall(f) pcall(g) pcall(h) end
