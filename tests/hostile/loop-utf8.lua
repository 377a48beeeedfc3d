-- utf8.len on a long text, for ever.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local text = string.rep("é", 200000)
while true do utf8.len(text) end
