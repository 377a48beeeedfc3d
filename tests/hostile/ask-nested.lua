-- A question asked while another is verified.
-- expect: meters
-- within: 300 ms
local s = ...
local page = s:get("/login")
local function verify(_, p) return p end
assert(s:ask({ kind = "otp", page = page }, { verify = function(_, p)
  s:ask({ kind = "otp" }, { verify = verify })
  return p
end }))
