-- What was done and what was mailed: the audit log and the outbox.
local audit = require "service.audit"
local accounts = require "service.accounts"
local db = require "service.db"
local guard = require "service.dashboard.guard"
local mails = require "service.mails"
local view = require "service.dashboard.view"
local records = {}

local PAGE = 100

-- Who did it, by name where the name is known.
local function names(team)
  local out = {}
  for _, user in ipairs(accounts.users(team)) do out["user:" .. user.uid] = user.email end
  for _, token in ipairs(accounts.tokens(team)) do out["token:" .. token.uid] = "API token " .. token.name end
  return out
end

local PLACES = { form = "/dashboard/requests/", authorization = "/dashboard/authorizations/",
  meter = "/dashboard/meters/",
  mail = "/dashboard/mails/", webhook = "/dashboard/webhooks/", template = "/dashboard/templates/" }

-- A page never ends between two entries of the same moment: the cursor is a moment.
local function page_of(team, before)
  local rows = audit.list(team, before, PAGE + 1)
  if #rows <= PAGE then return rows end
  local last = #rows
  while last > 1 and rows[last].ts == rows[#rows].ts do last = last - 1 end
  if last == 1 then return rows, rows[#rows].ts end
  for i = #rows, last + 1, -1 do rows[i] = nil end
  return rows, rows[last].ts
end

local function log(c)
  local before = math.tointeger(tonumber(c.request.query.before or ""))
  local rows, more = page_of(c.team, before)
  local known = names(c.team)
  for _, row in ipairs(rows) do
    row.name = known[row.who] or row.who
    local kind, uid = (row.target or ""):match("^(%a+):(.+)$")
    row.url = PLACES[kind] and PLACES[kind] .. uid
    row.target = known[row.target] or row.target
  end
  return c:page("audit", "Audit log", { rows = rows, older = more and "/dashboard/audit?before=" .. more,
    first = before and "/dashboard/audit" })
end

local STATES = { queued = { "Queued", "wait" }, sent = { "Sent", "good" }, failed = { "Failed", "bad" },
  bounced = { "Bounced", "bad" } }

-- Who runs the installation looks after the mails of all its teams.
local function scope(c) return not c.me.operate and c.team or nil end

local function all_again(c)
  local count = mails.all_again(scope(c))
  c:audit("mails.again", "team:" .. c.team)
  return c:go("/dashboard/mails", count > 0 and "mailing" or "not_mailing")
end

local function again(c, params)
  if not db.row("SELECT 1 FROM mails WHERE team = ?1 AND uid = ?2", c.team, params.uid) then return c:missing() end
  local done = mails.again(c.team, params.uid)
  if done then c:audit("mail.again", "mail:" .. params.uid) end
  return c:go("/dashboard/mails/" .. params.uid, done and "mailing" or "not_mailing")
end

local function outbox(c)
  local after = c.request.query.after
  local rows, more = mails.list(c.team, { after = after ~= "" and after or nil, limit = 50 })
  for _, row in ipairs(rows) do row.label, row.tone = table.unpack(STATES[row.state] or { row.state, "off" }) end
  return c:page("mails", "Mail", { rows = rows, trouble = mails.trouble(scope(c)), folder = host.config.smtp == "" and host.config.mail_folder,
    older = more and "/dashboard/mails" .. view.query { after = more }, first = after and "/dashboard/mails" })
end

local function mail(c, params)
  local row = db.row("SELECT * FROM mails WHERE team = ?1 AND uid = ?2", c.team, params.uid)
  if not row then return c:missing() end
  row.label, row.tone = table.unpack(STATES[row.state] or { row.state, "off" })
  -- Whoever reads the link acts as the customer, or joins as the invited one: not for those who only look.
  if not (row.kind == "invite" and c.me.own or row.kind ~= "invite" and c.me.change) then
    row.text = row.text:gsub("https?://%S+", "(link)")
  end
  return c:page("mail", "Mail to " .. row.recipient, { row = row, folder = host.config.smtp == ""
    and host.config.mail_folder })
end

function records.add(router)
  router:add("GET", "/dashboard/audit", guard.page("audit", log))
  router:add("GET", "/dashboard/mails", guard.page("mails", outbox))
  router:add("GET", "/dashboard/mails/:uid", guard.page("mails", mail))
  router:add("POST", "/dashboard/mails/again", guard.change("mails", "member", all_again))
  router:add("POST", "/dashboard/mails/:uid/again", guard.change("mails", "member", again))
end

return records
