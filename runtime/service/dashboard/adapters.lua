-- Adapters: how they fare, their versions, and what an operator may do about them.
local adapters = require "service.adapters"
local audit = require "service.audit"
local figures = require "service.dashboard.health"
local guard = require "service.dashboard.guard"
local health = require "service.health"
local trial = require "service.trial"
local web = require "service.web"
local shown = {}

local POLICIES = { { "", "as the adapter says" }, { "relay", "relay: codes are passed on" },
  { "turn_off", "turn off: MFA has to be off" } }

local function range_of(request)
  for _, one in ipairs(figures.RANGES) do
    if one[1] == request.query.range then return one[1] end
  end
  return "24"
end

local function list(c)
  local range = range_of(c.request)
  local sums, latest, rows = figures.by_utility(range), adapters.latest(), {}
  for i, one in ipairs(adapters.list()) do -- what service.adapters holds is shared: nothing is put into it
    rows[i] = setmetatable({ sum = sums[one.id] or { attempts = 0 }, resting = health.resting(one.id),
      refused = latest[one.id] and latest[one.id].refused }, { __index = one })
  end
  return c:page("adapters", "Adapters", { rows = rows, retired = adapters.retired(), range = range, ranges = figures.RANGES,
    percent = figures.percent, history = adapters.history(nil, 30) })
end

-- What a version is now: the API's word, and what a reader would ask.
local function standing(one, v)
  local state = adapters.state(one, v)
  if state == "canary" then return ("canary, %d %%"):format(one.share) end
  if state == "held" then return "held: rolled back from or withdrawn" end
  if state == "live" then return state end
  return v.hash == one.before and "kept, before" or v.live and "kept" or "kept, was never live"
end

local function show(c, params, problem)
  local one = adapters.any(params.id)
  if not one then return c:missing() end
  local range, version = range_of(c.request), c.request.query.version
  local all, reloads, rows = health.list(tonumber(range), one.id), adapters.history(one.id, 100), {}
  if version == "" then version = nil end
  for _, row in ipairs(all) do
    if not version or row.version == version then rows[#rows + 1] = row end
  end
  local choices = { { "", "All versions" } }
  local versions = adapters.versions(one.id)
  for _, v in ipairs(versions) do
    v.standing = standing(one, v)
    choices[#choices + 1] = { v.hash, v.hash:sub(1, 12) .. (v.hash == one.version and " (live)" or "") }
  end
  return c:page("adapter", one.name, { one = one, range = range, ranges = figures.RANGES, version = version or "",
    choices = choices, versions = versions,
    trial = one.canary and trial.of(one.id), healthy = trial.HEALTHY, failures = trial.FAILURES,
    charts = figures.charts(one.id, range, version, rows, reloads), by_version = figures.by_version(all),
    history = reloads,
    percent = figures.percent, policies = POLICIES, share = adapters.share(one.id), has_file = adapters.has_file(one.id),
    resting = health.resting(one.id),
    latest = adapters.latest()[one.id] or {}, problem = problem,
    fields = problem and c.request.fields or {} }, problem and 400)
end

-- A change of an adapter by its operator. action(c, one) -> what to say, or nil and what is wrong; third what the audit log calls it, if
-- not by the form's name.
local function change(what, action)
  return guard.change("adapters", "operate", function(c, params)
    local one = adapters.get(params.id)
    if not one then return c:missing() end
    local said, why, more = action(c, one)
    if not said then return show(c, params, why) end
    audit.add(c.team, "user:" .. c.me.uid, "adapter." .. (more or what), "adapter:" .. one.id, web.peer(c.request))
    return c:go("/dashboard/adapters/" .. one.id, said)
  end)
end

local function who(c) return "user:" .. c.me.uid end

local function pause(c, one)
  local reason = c:field("reason")
  if c.request.fields.resume == "yes" then
    adapters.pause(one.id, nil, who(c))
    return "resumed", nil, "resume"
  end
  if reason == "" or utf8.len(reason) > 300 then return nil, "What should customers read? A sentence is needed, of at most 300 letters." end
  adapters.pause(one.id, reason, who(c))
  return "paused"
end

local function rollback(c, one)
  local done, why = adapters.rollback(one.id, c:field("version"), c.me.email)
  if not done then return nil, "Not rolled back: " .. why .. "." end
  return "rolled_back"
end

local function release(c, one)
  local done, why = adapters.release(one.id, c:field("version"), c.me.email)
  if not done then return nil, "Not released: " .. why .. "." end
  return "released"
end

local function retire(c, one)
  local done, why = adapters.retire(one.id, c.me.email)
  if not done then return nil, "Not retired: " .. why .. "." end
  return "retired"
end

local function share(c, one)
  local value = math.tointeger(tonumber(c:field("share")))
  if not value or value < 0 or value > 100 then return nil, "The share is a number from 0 to 100." end
  adapters.set_share(one.id, value, who(c))
  return "share"
end

local function policy(c, one)
  local value = c:field("policy")
  if value ~= "" and value ~= "relay" and value ~= "turn_off" then return nil, "The policy is relay or turn off." end
  adapters.override(one.id, value ~= "" and value or nil, who(c))
  return "policy"
end

function shown.add(router)
  router:add("GET", "/dashboard/adapters", guard.page("adapters", list))
  router:add("GET", "/dashboard/adapters/:id", guard.page("adapters", show))
  for name, action in pairs { pause = pause, rollback = rollback, release = release, share = share, policy = policy, retire = retire } do
    router:add("POST", "/dashboard/adapters/:id/" .. name, change(name, action))
  end
end

return shown
