-- __tostring and __index that call themselves.
-- expect: policy.budget
-- within: 700 ms
local mt = {}
mt.__tostring = function(t) return tostring(t) end
mt.__index = function(t, k) return t[k] end
while true do
  pcall(tostring, setmetatable({}, mt))
  pcall(function() return setmetatable({}, mt).x end)
end
