-- Events and the webhooks that tell of them (utilityapi v2, section 6).
local db = require "service.db"
local clock = require "service.clock"
local events = {}

local HOUR = 3600 * 1000000
local LAST = 72 * HOUR -- after that no try is made

events.TYPES = { "ping", "form_created", "authorization_created", "authorization_declined", "authorization_renewed",
  "authorization_update_started", "authorization_update_delayed", "authorization_update_retrying", "authorization_update_progress",
  "authorization_update_finished_successful", "authorization_update_finished_errored", "authorization_expiring_soon",
  "authorization_expired", "authorization_revoked", "meter_created", "meter_bills_added", "meter_intervals_added",
  "meter_historical_collection_started", "meter_historical_collection_delayed", "meter_historical_collection_retrying",
  "meter_historical_collection_progress", "meter_historical_collection_finished_successful",
  "meter_historical_collection_finished_errored" }

local function wants(hook, type)
  local types = db.json(hook.types)
  if #types == 0 or type == "ping" then return true end
  for _, one in ipairs(types) do
    if one == type then return true end
  end
  return false
end

local function add(team, type, of, hook)
  local now, uid = host.now(), host.uid()
  db.insert("events", { team = team, uid = uid, type = type, ts = now, form = of.form, authorization = of.authorization, meter = of.meter,
    webhook = hook and hook.uid, target = hook and hook.url, next = hook and now })
  return uid
end

-- One event for each webhook that wants it, or one that only lies in the list. of: {form, authorization, meter} by uid.
function events.emit(team, type, of)
  local told = false
  for _, hook in ipairs(db.rows("SELECT uid, url, types FROM webhooks WHERE team = ?1 AND disabled = 0", team)) do
    if wants(hook, type) then
      add(team, type, of, hook)
      told = true
    end
  end
  if not told then add(team, type, of) end
end

-- A ping to one webhook: the event's uid.
function events.ping(team, hook) return add(team, "ping", {}, hook) end

-- The object of the API.
function events.shape(row)
  local out = { uid = row.uid, type = row.type, ts = clock.iso(row.ts), delivery_method = "webhook", delivery_target = row.target or host.null,
    is_delivered = row.is_delivered == 1 }
  out.form_uid, out.authorization_uid, out.meter_uid = row.form, row.authorization, row.meter
  return out
end

function events.get(team, uid) return db.row("SELECT * FROM events WHERE team = ?1 AND uid = ?2", team, uid) end

-- filter: {is_delivered, after, limit} -> rows, next uid, whether only so far was looked.
function events.list(team, filter)
  local where = {}
  if filter.is_delivered ~= nil then where[1] = { "is_delivered", filter.is_delivered and 1 or 0 } end
  return db.page { table = "events", time = "ts", team = team, after = filter.after, limit = filter.limit, cursor = filter.cursor, where = where }
end

-- is_delivered = true stops further tries.
function events.modify(team, uid, changes)
  if changes.is_delivered == true then db.update("events", { team = team, uid = uid }, { is_delivered = 1, next = db.NULL }) end
  return events.get(team, uid)
end

-- Sends it again, now.
function events.replay(team, uid)
  db.update("events", { team = team, uid = uid }, { is_delivered = 0, tries = 0, next = host.now(), error = db.NULL, status = db.NULL })
end

-- The body as documented: JSON indented by four, without trailing blanks; signed are the bytes that are sent.
local function request(hook, list)
  local shapes = {}
  for i, row in ipairs(list) do
    shapes[i] = events.shape(row)
    shapes[i].is_delivered = false
  end
  local body = host.encode({ events = shapes, next = host.null }, 4)
  local salt, secret = host.random(16), host.unseal("webhook", hook.secret)
  return body, { ["Content-Type"] = "application/json", ["X-UtilityAPI-Webhook-Salt"] = salt,
    ["X-UtilityAPI-Webhook-Signature"] = host.sha256(secret .. "." .. salt .. "." .. body) }
end

local function send(hook, list)
  local uids = {}
  for i, row in ipairs(list) do
    uids[i] = row.team .. "." .. row.uid
    -- The next try stands before this one leaves: a crash in between costs a second delivery, never one that is lost.
    db.update("events", { team = row.team, uid = row.uid }, { tries = row.tries + 1, next = host.now() + HOUR })
  end
  local body, headers = request(hook, list)
  host.after { ["do"] = "webhook", uid = table.concat(uids, ","), url = hook.url, headers = headers, body = body }
end

-- Sends what is due, a few at a time and no more than so many: events of one webhook together. The rest stays due.
function events.due(free)
  if free < 1 then return end
  local by, order = {}, {}
  for _, row in ipairs(db.rows("SELECT * FROM events WHERE next <= ?1 ORDER BY next LIMIT ?2", host.now(), math.min(free, 20))) do
    local key = row.team .. "." .. (row.webhook or "")
    if not by[key] then order[#order + 1] = key end
    by[key] = by[key] or {}
    table.insert(by[key], row)
  end
  for _, key in ipairs(order) do
    local list = by[key]
    local hook = db.row("SELECT * FROM webhooks WHERE team = ?1 AND uid = ?2 AND disabled = 0", list[1].team, list[1].webhook)
    if hook then
      send(hook, list)
    else
      for _, row in ipairs(list) do db.update("events", { team = row.team, uid = row.uid }, { next = db.NULL }) end
    end
  end
end

-- One line a request, for who looks why deliveries pile up.
local function log_failure(m, row)
  local _, count = m.uid:gsub("[^,]+", "")
  host.log("warn", ("%d not delivered to %s of team %s: %s"):format(count, row.webhook or "a webhook", row.team,
    m.error or "status " .. tostring(m.status)), "webhook")
end

-- How a request went: 200 delivers all of it; else again every hour for 72 hours.
function events.delivered(m)
  local told = false
  for key in m.uid:gmatch("[^,]+") do
    local team, uid = key:match("^([^.]+)%.(.+)$")
    local row = team and events.get(team, uid)
    if row and m.ok and m.status == 200 then
      db.update("events", { team = team, uid = uid }, { is_delivered = 1, next = db.NULL, status = 200, error = db.NULL })
    elseif row then
      if not told then log_failure(m, row) end
      told = true
      local again = row.is_delivered == 0 and host.now() - row.ts < LAST -- it may have been stopped by hand meanwhile
      db.update("events", { team = team, uid = uid }, { status = m.status or db.NULL, error = m.error or ("HTTP " .. tostring(m.status)),
        next = again and host.now() + HOUR or db.NULL })
    end
  end
end

return events
