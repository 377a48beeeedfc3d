-- Adapters in the API: what is live, what is tried and kept, and what an operator does about it. They belong to the installation:
-- changing them takes the right "operator".
local adapters = require "service.adapters"
local audit = require "service.audit"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local trial = require "service.trial"
local api = {}

local function shaped(call, one)
  return shape.adapter(call, one, adapters.versions(one.id), one.canary and trial.of(one.id), adapters.share(one.id))
end

function api.list(call)
  local rows, retired = adapters.list(), adapters.retired()
  table.move(retired, 1, #retired, #rows + 1, rows)
  return call:page("adapters", rows, nil, shaped)
end

function api.get(call)
  local one = adapters.any(call.params.uid)
  if not one then return problem.not_found() end
  return shaped(call, one)
end

function api.reload(call)
  host.after { ["do"] = "reload" }
  audit.add(call.team, call:who(), "adapters.reload", nil, call.peer)
  return { success = true }
end

-- A change of one that is live. action(one, call) -> true, or nil, a slug and why not.
local function change(what, action)
  return function(call)
    local one = adapters.any(call.params.uid)
    if not one then return problem.not_found() end
    if one.retired then return problem.conflict("retired", "The adapter is retired; it is back when its file is.") end
    local done, slug, why = action(one, call)
    if not done then return problem.conflict(slug, why) end
    audit.add(call.team, call:who(), "adapter." .. what, "adapter:" .. one.id, call.peer)
    return shaped(call, adapters.any(one.id))
  end
end

-- In this file's words: a sentence.
local function said(slug, done, why) return done, slug, why and why:sub(1, 1):upper() .. why:sub(2) .. "." end

api.rollback = change("rollback", function(one, call)
  local hash = call.body.version or one.before
  if not hash then return nil, "no_version", "There is no version before this one." end
  return said("no_version", adapters.rollback(one.id, hash, call:who()))
end)

api.release = change("release", function(one, call)
  return said("not_held", adapters.release(one.id, call.body.version, call:who()))
end)

api.share = change("share", function(one, call)
  adapters.set_share(one.id, call.body.share, call:who())
  return true
end)

-- null: the adapter's own again, or what the settings say.
api.policy = change("policy", function(one, call)
  adapters.override(one.id, call:given("policy"), call:who())
  return true
end)

api.pause = change("pause", function(one, call)
  adapters.pause(one.id, call.body.reason, call:who())
  return true
end)

api.resume = change("resume", function(one, call)
  adapters.pause(one.id, nil, call:who())
  return true
end)

api.retire = change("retire", function(one, call) return said("in_folder", adapters.retire(one.id, call:who())) end)

return api
