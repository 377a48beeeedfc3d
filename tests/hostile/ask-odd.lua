-- Questions of the wrong shape.
-- expect: meters
-- within: 400 ms
local s = ...
s:get("/login")
for _, c in ipairs({ { kind = "otp", prompt = {} }, { kind = "otp", prompt = 7, digits = "x" }, { kind = "otp", expires = -5 }, { kind = "otp", expires = 0 / 0 },
    { kind = "otp", fields = "x" }, { kind = "otp", choices = 5, dest = {} }, { kind = "otp", expires = 1e300, message = { 1, 2 } } }) do
  pcall(s.ask, s, c, { verify = function(_, page) return page end })
end
