-- Source that takes long to compile, over and over.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local text = string.rep("local a = 1 ", 150) .. string.rep("do local b = a end ", 8000)
while true do load(text) end
