-- An attribute that is doubled for ever.
-- expect: policy.budget
-- within: 2800 ms
local s = ...
local input = s:get("/login"):one("input")
while true do input:set("value", input:attr("value") or "x") input:set("value", (input:attr("value") or "") .. input:attr("value")) end
