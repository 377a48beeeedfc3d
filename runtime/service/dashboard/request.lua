-- One data request: where it stands, what happened, and the clicks that help.
local authorizations = require "service.authorizations"
local forms = require "service.forms"
local guard = require "service.dashboard.guard"
local meters = require "service.meters"
local page = require "service.page"
local progress = require "service.progress"
local requests = require "service.dashboard.requests"
local resend = require "service.resend"
local timeline = require "service.timeline"
local spans = require "service.customer.words"
local words = require "service.dashboard.words"
local request = {}

local function url(form) return "/dashboard/requests/" .. form.uid end

-- "in 2.3 s", what kind of question, a code: what an entry has beside its name.
local function details(facts)
  local out = {}
  if facts.kind then
    out[#out + 1] = words.question(facts.kind, facts.medium)
  end
  if facts.code then out[#out + 1] = facts.code end
  if facts.message and facts.message ~= "" then out[#out + 1] = facts.message end
  if facts.meters then out[#out + 1] = facts.meters == 1 and "1 meter" or facts.meters .. " meters" end
  if facts.utility then out[#out + 1] = facts.utility end
  if facts.ms then out[#out + 1] = ("after %.1f s"):format(facts.ms / 1000) end
  return table.concat(out, ", ")
end

local function story(team, form, authorization)
  local rows = timeline.of_form(team, form.uid)
  if authorization and authorization.form ~= form.uid then -- it inherits: what happened by the other link, too
    for _, row in ipairs(timeline.of_authorization(team, authorization.uid)) do
      if row.form ~= form.uid then rows[#rows + 1] = row end
    end
    table.sort(rows, function(a, b) return a.ts < b.ts end)
  end
  for i, row in ipairs(rows) do
    row.text, row.details = words.happening(row.what), details(row.facts)
    local before = rows[i - 1]
    row.after = before and row.ts - before.ts >= 0 and ("+%.1f s"):format((row.ts - before.ts) / 1000000) or ""
  end
  return rows
end

local function challenge_of(now)
  local challenge, session = now.challenge, now.session
  if not challenge then return nil end
  return { kind = challenge.kind, medium = challenge.medium ~= host.null and challenge.medium or nil,
    prompt = challenge.prompt ~= host.null
    and challenge.prompt or nil, since = session.asked, till = session.challenge_until, rejected = session.rejected,
    left = math.tointeger(challenge.tries_left) }
end

local function state_of(now)
  return now.state == "failed" and requests.failed(now.error) or now.state
end

local function show(c, params)
  local form = forms.get(c.team, params.uid)
  if not form then return c:missing() end
  local now = progress.of(form)
  local authorization, name = now.authorization, now.utility and now.utility.name or form.utility or "the utility"
  local found = authorization and meters.list(c.team, { authorizations = { authorization.uid }, limit = 200 }) or {}
  local state = state_of(now)
  return c:page("request", "Data request of " .. (form.customer_email ~= "" and form.customer_email or form.uid),
    { form = form, now = now,
    lasts = spans.lasts(page.words "en", form.scope.expires or "3y"),
    live = form.uid .. " " .. (authorization and authorization.uid or ""), state = state,
    name = name, sentence = words.states[state][3], failure = now.state == "failed" and now.error
    and words.failure(now.error, name),
    help = requests.help(state, form.customer_email, now.error), challenge = challenge_of(now),
    story = story(c.team, form, authorization),
    meters = found, authorization = authorization, link = c.me.change and not form.disabled and forms.url(c.base, form),
    off = now.utility
      and now.utility.mfa or {} })
end

-- A change of one data request; what: handler(c, form) -> where to go, what to say.
local function change(action)
  return guard.change("requests", "member", function(c, params)
    local form = forms.get(c.team, params.uid)
    if not form then return c:missing() end
    local to, said = action(c, form)
    return c:go(to, said)
  end)
end

-- Without an address there is only a new link to copy.
local function send(c, form)
  if form.disabled then return url(form), nil end
  if form.customer_email == "" then
    local new, same = resend.renewed(form)
    c:audit("form.link_made", "form:" .. new.uid)
    return url(new), same and "copy" or "created"
  end
  local new, same = resend.send(form, c.base)
  c:audit("form.sent", "form:" .. new.uid)
  local fresh = same and progress.of(new).state == "choose"
  return url(new), fresh and "sent" or same and "same_link" or "new_link"
end

local function notify(c, form)
  local new = resend.notify(form, c.base)
  if not new then return url(form) end
  c:audit("form.notified", "form:" .. new.uid)
  return url(new), "notified"
end

local function reauthorize(c, form)
  local old = authorizations.get(c.team, form.current or form.authorization or "")
  if not old then return url(form) end
  local new = resend.reauthorize(old, c.base, c.me.uid)
  c:audit("form.reauthorize", "form:" .. new.uid)
  return url(new), "reauthorize"
end

-- Sets a flag; name: of the audit log and of what is said.
local function flag(name, changes)
  return function(c, form)
    forms.modify(c.team, form.uid, changes)
    timeline.add(c.team, { form = form.uid }, name)
    c:audit("form." .. name, "form:" .. form.uid)
    return url(form), name
  end
end

function request.add(router)
  router:add("GET", "/dashboard/requests/:uid", guard.page("requests", show))
  local actions = { send = send, notify = notify, reauthorize = reauthorize,
    archive = flag("archived", { is_archived = true }),
                    unarchive = flag("unarchived", { is_archived = false }),
                    disable = flag("disabled", { disabled = true }),
                    enable = flag("enabled", { disabled = false }) }
  for name, action in pairs(actions) do router:add("POST", "/dashboard/requests/:uid/" .. name, change(action)) end
end

return request
