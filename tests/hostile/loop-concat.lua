-- __concat, __eq, __lt and __len in turn, for ever.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
local mt = {}
local function loop() while true do end end
mt.__concat, mt.__eq, mt.__lt, mt.__len, mt.__call, mt.__unm = loop, loop, loop, loop, loop, loop
local a, b = setmetatable({}, mt), setmetatable({}, mt)
while true do
  pcall(function() return a .. b end)
  pcall(function() return a < b end)
  pcall(function() return a == b end)
  pcall(function() return #a end)
end
