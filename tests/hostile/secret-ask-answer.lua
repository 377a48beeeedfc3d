-- The answer of a customer, read back.
-- expect: adapter.bug
-- within: 400 ms
local s = ...
s:get("/login")
s:ask({ kind = "otp" }, { verify = function(code) print(code) error(code) end })
