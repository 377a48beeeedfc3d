-- meterkey.cookies: jars and cookies without end.
-- expect: policy.budget
-- within: 2900 ms
local cookies = require "meterkey.cookies"
local t = {}
while true do
  local jar = cookies.new()
  t[#t + 1] = jar
  for i = 1, 300 do pcall(jar.set, jar, { name = "n" .. i, value = string.rep("x", 4000), domain = i .. ".hostile.test" }) end
end
