-- Bills and intervals in the API: as of meters that have none yet.
local authorizations = require "service.authorizations"
local meters = require "service.meters"
local problem = require "service.api.problem"
local api = {}

-- Whether a list of uids has one of this team's.
local function any(call, list, of)
  for _, uid in ipairs(list or {}) do
    if of.get(call.team, uid) then return true end
  end
  return false
end

local function asked(call)
  if call.query.authorizations or call.query.meters then return true end
  return problem.missing("authorizations or meters is needed")
end

function api.bills(call)
  local good, why = asked(call)
  if not good then return nil, why end
  return call:page("bills", {}, nil)
end

-- Where nothing matches, clients know a 404.
function api.intervals(call)
  local good, why = asked(call)
  if not good then return nil, why end
  if not any(call, call.query.authorizations, authorizations) and not any(call, call.query.meters,
    meters) then return problem.not_found() end
  local out = call:page("intervals", {}, nil)
  out.is_incomplete = false
  return out
end

return api
