-- Utilities that an adapter is here for; no token is needed to read them.
local adapters = require "service.adapters"
local shape = require "service.api.shape"
local api = {}

function api.list(call) return call:page("utilities", adapters.list(), nil, shape.utility) end

-- As UtilityAPI's experimental look-up answers.
function api.lookup(call)
  local wanted, out = (call.query.q or ""):lower(), host.array {}
  for _, one in ipairs(adapters.list()) do
    local id = one.utility_id or one.id
    if (one.name .. "\n" .. id .. "\n" .. one.id):lower():find(wanted, 1, true) then
      out[#out + 1] = { name = one.name, id = id, third_party_registration = "" }
    end
  end
  return { utilities = out }
end

-- Ids of a filter as they are stored, whatever case the caller wrote; those that nobody knows stay as they are and
-- match nothing.
function api.spelled(list)
  if not list then return nil end
  local out = {}
  for i, text in ipairs(list) do
    local one = adapters.known(text)
    out[i] = one and (one.utility_id or one.id) or text
  end
  return out
end

return api
