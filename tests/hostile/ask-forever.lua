-- Question after question inside pcall: the requests end.
-- expect: policy.budget
-- within: 900 ms
-- requests: 200
local s = ...
s:get("/login")
while true do
  pcall(s.ask, s, { kind = "otp" }, { verify = function(code) return s:post("/mfa", { form = { code = "1", real = code } }) end })
end
