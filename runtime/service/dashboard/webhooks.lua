-- Webhooks: where events go, what was delivered, and delivering it again.
local db = require "service.db"
local events = require "service.events"
local guard = require "service.dashboard.guard"
local view = require "service.dashboard.view"
local targets = require "service.targets"
local webhooks = {}

local PAGE, MOST = 50, 20 -- deliveries of a page; webhooks of a team

local function get(c, uid)
  local row = db.row("SELECT * FROM webhooks WHERE team = ?1 AND uid = ?2", c.team, uid)
  if row then row.types, row.disabled = db.json(row.types), row.disabled == 1 end
  return row
end

local function all(c)
  local rows = db.rows("SELECT uid, url, types, created, disabled FROM webhooks WHERE team = ?1 ORDER BY created",
    c.team)
  for _, row in ipairs(rows) do row.types, row.disabled = db.json(row.types), row.disabled == 1 end
  return rows
end

-- The types that were ticked; none ticked means all of them.
local function ticked(c)
  local out = host.array {}
  for _, name in ipairs(events.TYPES) do
    if name ~= "ping" and c.request.fields["type_" .. name] == "yes" then out[#out + 1] = name end
  end
  return out
end

local function choices(types)
  local chosen, out = {}, {}
  for _, name in ipairs(types or {}) do chosen[name] = true end
  for _, name in ipairs(events.TYPES) do
    if name ~= "ping" then out[#out + 1] = { name = name, on = chosen[name] } end
  end
  return out
end

local function list(c, values)
  values = values or {}
  values.rows, values.choices, values.url = all(c), choices(values.problem and ticked(c)), values.url or ""
  return c:page("webhooks", "Webhooks", values, values.problem and 400)
end

local function create(c)
  local url = c:field("url")
  local wrong = targets.problem(url)
  if wrong then return list(c, { problem = "The address " .. wrong .. ".", url = url }) end
  if #all(c) >= MOST then return list(c, { problem = ("A team has %d webhooks at most."):format(MOST), url = url }) end
  local uid, secret = host.uid(), host.random(24)
  db.insert("webhooks", { team = c.team, uid = uid, url = url, secret = host.seal("webhook", secret), types = ticked(c),
    created = host.now() })
  c:audit("webhook.created", "webhook:" .. uid)
  return list(c, { fresh = secret, fresh_url = url })
end

local function show(c, params)
  local row = get(c, params.uid)
  if not row then return c:missing() end
  local after = c.request.query.after
  local rows, more = db.page { table = "events", time = "ts", team = c.team, after = after ~= "" and after or nil,
    limit = PAGE,
    where = { { "webhook", row.uid } } }
  local here = "/dashboard/webhooks/" .. row.uid
  return c:page("webhook", "Webhook", { row = row, choices = choices(row.types), rows = rows,
    older = more and here .. view.query { after = more },
    first = after and here })
end

local function change(action)
  return guard.change("webhooks", "member", function(c, params)
    local row = get(c, params.uid)
    if not row then return c:missing() end
    local said, to = action(c, row, params)
    return said and c:go(to or "/dashboard/webhooks/" .. row.uid, said) or c:missing()
  end)
end

local function types(c, row)
  db.update("webhooks", { team = c.team, uid = row.uid }, { types = ticked(c) })
  c:audit("webhook.types", "webhook:" .. row.uid)
  return "saved"
end

local function switch(c, row)
  db.update("webhooks", { team = c.team, uid = row.uid }, { disabled = row.disabled and 0 or 1 })
  c:audit(row.disabled and "webhook.enabled" or "webhook.disabled", "webhook:" .. row.uid)
  return row.disabled and "enabled" or "disabled"
end

local function ping(c, row)
  events.ping(c.team, row)
  c:audit("webhook.pinged", "webhook:" .. row.uid)
  return "pinged"
end

-- One delivery again; only of this webhook.
local function replay(c, row, params)
  local event = events.get(c.team, params.event)
  if not event or event.webhook ~= row.uid then return nil end
  events.replay(c.team, event.uid)
  c:audit("event.replayed", "event:" .. event.uid)
  return "replayed"
end

local function remove(c, row)
  if c:field("sure") ~= "yes" then return "unsure" end
  db.run("DELETE FROM webhooks WHERE team = ?1 AND uid = ?2", c.team, row.uid)
  c:audit("webhook.removed", "webhook:" .. row.uid)
  return "removed", "/dashboard/webhooks"
end

function webhooks.add(router)
  router:add("GET", "/dashboard/webhooks", guard.page("webhooks", function(c) return list(c) end))
  router:add("POST", "/dashboard/webhooks", guard.change("webhooks", "member", create))
  router:add("GET", "/dashboard/webhooks/:uid", guard.page("webhooks", show))
  for path, action in pairs { types = types, switch = switch, ping = ping, remove = remove,
    ["events/:event/replay"] = replay } do
    router:add("POST", "/dashboard/webhooks/:uid/" .. path, change(action))
  end
end

return webhooks
