-- An error unwinds through a __close that never ends.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
pcall(function()
  local guard <close> = setmetatable({}, { __close = function() while true do end end })
  error(guard)
end)
