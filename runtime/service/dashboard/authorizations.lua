-- Authorizations: the list, one with its history, and taking access back.
local adapters = require "service.adapters"
local authorizations = require "service.authorizations"
local guard = require "service.dashboard.guard"
local kept = require "service.kept"
local meters = require "service.meters"
local refresh = require "service.refresh"
local requests = require "service.dashboard.requests"
local resend = require "service.resend"
local sessions = require "service.sessions"
local timeline = require "service.timeline"
local view = require "service.dashboard.view"
local web = require "service.web"
local words = require "service.dashboard.words"
local shown = {}

local PAGE, WINDOW = 50, 5000 -- rows of a page; rows that a filter looks at before the page offers to look further

local FILTERS = { { "", "All that stand" }, { "updated", "Done" }, { "errored", "Failed" }, { "pending", "Under way" },
  { "revoked", "Revoked" },
  { "expired", "Expired" }, { "archived", "Archived" } }

local function state_of(row)
  if row.revoked then return "revoked" end
  if row.declined then return "declined" end
  if row.expired then return "expired" end
  if row.status == "errored" then return requests.failed(row.error) end
  return row.status == "updated" and "done" or "working"
end

local function list(c)
  local query = c.request.query
  local state, after = query.state or "", query.after ~= "" and query.after or nil
  local filter = { limit = PAGE, after = after, is_archived = state == "archived" }
  if state == "revoked" then filter.is_revoked = true
  elseif state == "expired" then filter.is_expired = true
  elseif state ~= "archived" then filter.is_revoked = false end
  if state == "updated" or state == "errored" or state == "pending" then filter.status = { state } end
  filter.window = WINDOW
  local rows, more, partly = authorizations.list(c.team, filter)
  for _, row in ipairs(rows) do
    local one = adapters.known(row.utility)
    row.state, row.name = state_of(row), one and one.name or row.utility
  end
  local function url(uid) return "/dashboard/authorizations" .. view.query { state = state, after = uid } end
  return c:page("authorizations", "Authorizations", { rows = rows, filters = FILTERS, state = state, partly = partly,
    older = more and url(more), first = after and url() })
end

local function show(c, params, problem)
  local row = authorizations.get(c.team, params.uid)
  if not row then return c:missing() end
  local one = adapters.known(row.utility)
  local story = timeline.of_authorization(c.team, row.uid)
  for _, entry in ipairs(story) do
    entry.text, entry.code = words.happening(entry.what), entry.facts.code
    entry.kind = entry.facts.kind and words.question(entry.facts.kind, entry.facts.medium)
  end
  return c:page("authorization", "Authorization " .. row.uid, { row = row, state = state_of(row),
    name = one and one.name or row.utility, story = story, kept = kept.get(row), running = sessions.run(row) ~= nil,
    meters = meters.list(c.team, { authorizations = { row.uid }, limit = 200 }), problem = problem,
    failure = row.error and not row.revoked and words.failure(row.error, one and one.name or row.utility) },
    problem and 400)
end

-- Asked once more by a box to tick: what goes does not come back.
local function revoke(c, params)
  if c:field("sure") ~= "yes" then return show(c, params, "Nothing was revoked: please tick the box first.") end
  if not authorizations.get(c.team, params.uid) then return c:missing() end
  authorizations.revoke(c.team, params.uid, "user:" .. c.me.uid)
  c:audit("authorization.revoked", "authorization:" .. params.uid)
  return c:go("/dashboard/authorizations/" .. params.uid, "revoked")
end

local function modify(c, params)
  local row = authorizations.get(c.team, params.uid)
  if not row then return c:missing() end
  local archived = c.request.fields.archive
  local changes = archived and { is_archived = archived == "yes" } or { nickname = web.first(c:field("nickname"), 100) }
  authorizations.modify(c.team, row.uid, changes)
  c:audit(archived and (archived == "yes" and "authorization.archived" or "authorization.unarchived")
    or "authorization.named",
    "authorization:" .. row.uid)
  return c:go("/dashboard/authorizations/" .. row.uid, archived and (archived == "yes" and "archived" or "unarchived")
    or "saved")
end

-- A change of one authorization: action(c, row) -> where to go, what to say.
local function change(action)
  return guard.change("authorizations", "member", function(c, params)
    local row = authorizations.get(c.team, params.uid)
    if not row then return c:missing() end
    local to, said = action(c, row)
    return c:go(to or "/dashboard/authorizations/" .. row.uid, said)
  end)
end

local function reauthorize(c, row)
  if row.revoked then return nil end
  local form = resend.reauthorize(row, c.base, c.me.uid)
  c:audit("form.reauthorize", "form:" .. form.uid)
  return "/dashboard/requests/" .. form.uid, "reauthorize"
end

local function read_again(c, row)
  if not refresh.now(row) then return nil, "not_refreshed" end
  c:audit("authorization.refreshed", "authorization:" .. row.uid)
  return nil, "refreshing"
end

local function forget(c, row)
  if not authorizations.stop_keeping(c.team, row.uid, "team") then return nil end
  c:audit("authorization.sign_in_deleted", "authorization:" .. row.uid)
  return nil, "forgotten"
end

function shown.add(router)
  router:add("GET", "/dashboard/authorizations", guard.page("authorizations", list))
  router:add("GET", "/dashboard/authorizations/:uid", guard.page("authorizations", show))
  router:add("POST", "/dashboard/authorizations/:uid/revoke", guard.change("authorizations", "member", revoke))
  router:add("POST", "/dashboard/authorizations/:uid/change", guard.change("authorizations", "member", modify))
  for name, action in pairs { reauthorize = reauthorize, refresh = read_again, forget = forget } do
    router:add("POST", "/dashboard/authorizations/:uid/" .. name, change(action))
  end
end

return shown
