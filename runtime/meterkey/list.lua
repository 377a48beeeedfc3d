-- Lists: what provider modules and adapters put together from several.
local list = {}

-- One new list of all elements of the lists given, in order; nil counts as an empty one.
function list.join(...)
  local out = {}
  for i = 1, select("#", ...) do
    for _, value in ipairs(select(i, ...) or {}) do out[#out + 1] = value end
  end
  return out
end

return list
