-- Authorizations in the API.
local audit = require "service.audit"
local authorizations = require "service.authorizations"
local problem = require "service.api.problem"
local refresh = require "service.refresh"
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
  return call:listed("authorizations", filter, authorizations.list, shape.authorization, shape.prepare_authorizations)
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

local REFUSED = {
  not_kept = "No sign-in is kept: the scope is not ongoing, or it has ended. The customer has to sign in.",
  in_progress = "The meters are being read already.", paused = "The utility is paused.",
  resting = "The utility's site is not well; it is tried again in some minutes.",
  rest = "This sign-in was used a moment ago, or refused too often; it rests.",
  ["auth.locked"] = "The utility has locked the account for now.",
  ["auth.credentials"] = "The utility has refused this password since; the customer has to sign in again.",
  unknown_utility = "There is no adapter for this utility.",
}

function api.refresh(call)
  local row = authorizations.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  if row.revoked or row.expired then
    return problem.new(400, "expired_or_revoked", "This authorization is expired or revoked.")
  end
  local begun, why = refresh.now(row)
  if not begun then return problem.conflict(why, REFUSED[why]) end
  audit.add(call.team, call:who(), "authorization.refreshed", "authorization:" .. row.uid, call.peer)
  return shaped(call, row)
end

function api.forget(call)
  local row = authorizations.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  if authorizations.stop_keeping(call.team, row.uid, "team") then
    audit.add(call.team, call:who(), "authorization.sign_in_deleted", "authorization:" .. row.uid, call.peer)
  end
  return shaped(call, row)
end

return api
