-- The cookies of the neighbour, who uses the same portal at the same time.
-- expect: meters
-- within: 400 ms
local s = ...
for _ = 1, 20 do
  s:wait(0.002)
  assert(not s.cookies:get("sid"))
end
assert(s:post("/echo", { body = "x", type = "text/plain" }).body == "x")
