-- A JSON text that is one long string with escapes.
-- expect: policy.budget
-- within: 3500 ms
local json = require "meterkey.json"
local text = string.rep("\1", 2000000)
while true do pcall(json.encode, text) end
