-- Adapters in the API: what is live, reload and roll back. They belong to the installation: changing them takes the
-- right "operator".
local adapters = require "service.adapters"
local audit = require "service.audit"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local api = {}

local function shaped(call, one) return shape.adapter(call, one, adapters.versions(one.id)) end

function api.list(call) return call:page("adapters", adapters.list(), nil, shaped) end

function api.reload(call)
  host.after { ["do"] = "reload" }
  audit.add(call.team, call:who(), "adapters.reload", nil, call.peer)
  return { success = true }
end

function api.rollback(call)
  local one = adapters.get(call.params.uid)
  if not one then return problem.not_found() end
  local hash = call.body.version or one.before
  if not hash then return problem.conflict("no_version", "There is no version before this one.") end
  local done, why = adapters.rollback(one.id, hash, call:who())
  if not done then return problem.conflict("no_version", why) end
  audit.add(call.team, call:who(), "adapter.rollback", "adapter:" .. one.id, call.peer)
  return shaped(call, adapters.get(one.id))
end

return api
