-- Webhooks in the API: endpoints that are told of events.
local audit = require "service.audit"
local db = require "service.db"
local events = require "service.events"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local targets = require "service.targets"
local api = {}

local function find(call)
  return db.row("SELECT * FROM webhooks WHERE team = ?1 AND uid = ?2", call.team, call.params.uid)
end

local function types_problem(types)
  local known = {}
  for _, name in ipairs(events.TYPES) do known[name] = true end
  for _, name in ipairs(types) do
    if not known[name] then return ("has no event type '%s'"):format(name) end
  end
end

local function check(body)
  local wrong = body.url and targets.problem(body.url)
  if wrong then return problem.invalid("url", wrong) end
  wrong = body.types and types_problem(body.types)
  if wrong then return problem.invalid("types", wrong) end
  return true
end

local function log(call, what, uid)
  audit.add(call.team, call:who(), "webhook." .. what, "webhook:" .. uid, call.peer)
end

function api.list(call)
  local rows, after = db.page { table = "webhooks", team = call.team, after = call.query.after,
    limit = call.query.limit }
  return call:page("webhooks", rows, after, shape.webhook)
end

function api.get(call)
  local row = find(call)
  if not row then return problem.not_found() end
  return shape.webhook(call, row)
end

-- The secret is in this answer and in no other.
function api.create(call)
  local good, why = check(call.body)
  if not good then return nil, why end
  local secret = call.body.secret or host.random(32)
  call.params.uid = host.uid()
  db.insert("webhooks", { team = call.team, uid = call.params.uid, url = call.body.url,
    secret = host.seal("webhook", secret),
    types = host.array(call.body.types or {}), created = host.now() })
  log(call, "created", call.params.uid)
  local out = shape.webhook(call, find(call))
  out.secret = secret
  return out
end

function api.modify(call)
  local row = find(call)
  if not row then return problem.not_found() end
  local good, why = check(call.body)
  if not good then return nil, why end
  local body, values = call.body, { url = call.body.url, types = call.body.types and host.array(call.body.types) }
  if body.disabled ~= nil then values.disabled = body.disabled and 1 or 0 end
  if body.secret then values.secret = host.seal("webhook", body.secret) end
  if next(values) then db.update("webhooks", { team = call.team, uid = row.uid }, values) end
  log(call, "changed", row.uid)
  local out = shape.webhook(call, find(call))
  out.secret = body.secret
  return out
end

function api.remove(call)
  local row = find(call)
  if not row then return problem.not_found() end
  db.run("DELETE FROM webhooks WHERE team = ?1 AND uid = ?2", call.team, row.uid)
  db.run("UPDATE events SET next = NULL WHERE team = ?1 AND webhook = ?2", call.team, row.uid)
  log(call, "removed", row.uid)
  return { success = true }
end

function api.ping(call)
  local row = find(call)
  if not row then return problem.not_found() end
  if row.disabled == 1 then return problem.conflict("disabled", "The webhook is disabled.") end
  return { success = true, event = events.ping(call.team, row) }
end

-- Which events of this webhook are sent again: those named, all since a time, or all that were not delivered.
local function chosen(call, row)
  local where = { { "webhook", row.uid } }
  if call.body.events then where[#where + 1] = { "uid", call.body.events } end
  if call.body.since then where[#where + 1] = { "sql", "ts >= ?", require("service.clock").parse(call.body.since) } end
  if not call.body.events and not call.body.since then where[#where + 1] = { "is_delivered", 0 } end
  return db.page { table = "events", time = "ts", team = call.team, where = where }
end

function api.replay(call)
  local row = find(call)
  if not row then return problem.not_found() end
  if row.disabled == 1 then return problem.conflict("disabled", "The webhook is disabled.") end
  local out = host.array {}
  for i, event in ipairs(chosen(call, row)) do
    events.replay(call.team, event.uid)
    out[i] = event.uid
  end
  return { success = true, events = out }
end

return api
