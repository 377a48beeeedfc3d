-- Authorizations in the API.
local audit = require "service.audit"
local authorizations = require "service.authorizations"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local utilities = require "service.api.utilities"
local api = {}

local WITH_METERS = 250 -- of a page whose items hold their meters

local function with_meters(call) call.with_meters = call.query.include ~= nil and #call.query.include > 0 end

local function shaped(call, row)
  with_meters(call)
  return shape.authorization(call, row)
end

function api.list(call)
  local filter = call.query
  filter.utility = utilities.spelled(filter.utility)
  with_meters(call)
  if call.with_meters then filter.limit = math.min(filter.limit or WITH_METERS, WITH_METERS) end
  local rows, after = authorizations.list(call.team, filter)
  return call:page("authorizations", rows, after, shape.authorization, shape.prepare_authorizations)
end

function api.get(call)
  local row = authorizations.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  return shaped(call, row)
end

function api.modify(call)
  if not authorizations.get(call.team, call.params.uid) then return problem.not_found() end
  return shaped(call, authorizations.modify(call.team, call.params.uid,
    { is_archived = call.body.is_archived, nickname = call.body.nickname }))
end

function api.remove(call)
  local row = authorizations.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  if not row.is_test and row.utility ~= "DEMO" then
    return problem.forbidden("Only test authorizations can be deleted; revoke this one instead.")
  end
  authorizations.remove(call.team, row.uid)
  audit.add(call.team, call:who(), "authorization.removed", "authorization:" .. row.uid, call.peer)
  return { success = true }
end

function api.revoke(call)
  local row = authorizations.revoke(call.team, call.params.uid, call:who())
  if not row then return problem.not_found() end
  audit.add(call.team, call:who(), "authorization.revoked", "authorization:" .. row.uid, call.peer)
  return shaped(call, row)
end

return api
