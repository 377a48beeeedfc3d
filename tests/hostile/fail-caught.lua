-- s:fail is not caught.
-- expect: auth.credentials
-- within: 500 ms
local s = ...
while true do pcall(s.fail, s, "auth.credentials", "no") end
