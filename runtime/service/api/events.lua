-- Events in the API.
local events = require "service.events"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local api = {}

function api.list(call)
  return call:listed("events", call.query, events.list, shape.event)
end

function api.get(call)
  local row = events.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  return shape.event(call, row)
end

function api.modify(call)
  if not events.get(call.team, call.params.uid) then return problem.not_found() end
  return shape.event(call, events.modify(call.team, call.params.uid, call.body))
end

-- Server-sent events: what changed, as it changes. What was missed is read from the lists.
function api.stream(call)
  return { stream = "team:" .. call.team, who = "token:" .. call.token.hash, body = ": this is a team's stream\n\n",
    headers = { ["Cache-Control"] = "no-store" } }
end

return api
