-- meterkey.regex: blow-ups one after another: an error each, and the CPU limit in the end.
-- expect: policy.budget
-- within: 2800 ms
local regex = require "meterkey.regex"
local text = string.rep("a", 100000) .. "!"
while true do pcall(function() regex.compile([[^(a|a)*$]]):match(text) end) pcall(regex.match, text, [[^(a|a)*$]]) end
