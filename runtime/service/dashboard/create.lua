-- New data requests: one, or many from a list.
local adapters = require "service.adapters"
local clock = require "service.clock"
local csv = require "service.dashboard.csv"
local forms = require "service.forms"
local guard = require "service.dashboard.guard"
local requests = require "service.dashboard.requests"
local resend = require "service.resend"
local templates = require "service.templates"
local create = {}

local MOST = 1000 -- lines at once
local SPANS = { { "3y", "3 years" }, { "1y", "1 year" }, { "6m", "6 months" }, { "30d", "30 days" },
  { "until_revoked", "until it is revoked" } }

local function known_span(text)
  for _, one in ipairs(SPANS) do
    if one[1] == text then return text end
  end
end

local function template_list(team)
  local out = {}
  for _, one in ipairs((templates.list(team, { disabled = false }))) do
    out[#out + 1] = { one.uid, one.company_name }
  end
  return out
end

local function form(c, name, problem, more)
  local values = { problem = problem, templates = template_list(c.team), utilities = requests.utilities(),
    spans = SPANS, fields = c.request.fields,
    most = MOST, errors = {} }
  for key, value in pairs(more or {}) do values[key] = value end
  return c:page(name, name == "new" and "New data request" or "Many data requests", values, problem and 400 or 200)
end

-- An address as far as it can be told here.
local function is_email(text) return #text <= 254 and text:find("^[^%s@,;]+@[^%s@,;]+%.[^%s@,;]+$") ~= nil end

-- UtilityAPI's id of what was written; nil if nothing was; false if there is no such utility.
local function utility_of(text)
  if text == "" then return nil end
  local one = adapters.by_utility(text)
  return one and (one.utility_id or one.id) or false
end

-- What all of them share: template and scope; or nil and what is wrong.
local function common(c)
  local template, span, ongoing = c:field("template"), known_span(c:field("expires") ~= "" and c:field("expires")
    or "3y"), c:field("ongoing_end")
  if not span then return nil, "How long should it last?" end
  local scope = { expires = span }
  if ongoing ~= "" then
    local at = clock.parse(ongoing)
    if not at or at < host.now() then
      return nil, "Ongoing access needs a day that is still to come, such as 2030-12-31."
    end
    scope.ongoing_end = clock.iso(at)
  end
  local found = template ~= "" and templates.get(c.team, template) or template == "" and templates.newest(c.team)
  if not found or found.disabled then return nil, "Choose a template." end
  return { template_uid = found.uid, scope = scope, user = c.me.uid }
end

local function make(c, shared, email, utility)
  local new = assert(forms.create(c.team, { template_uid = shared.template_uid, scope = shared.scope,
    user = shared.user, utility = utility,
    customer_email = email }))
  c:audit("form.created", "form:" .. new.uid)
  if c:field("send") == "yes" and email ~= "" then
    resend.first(new, c.base)
    c:audit("form.sent", "form:" .. new.uid)
  end
  return new
end

local function one(c)
  local shared, why = common(c)
  local email, utility = c:field("email"), utility_of(c:field("utility"))
  if not shared then return form(c, "new", why) end
  if email ~= "" and not is_email(email) then return form(c, "new", "That is no e-mail address.") end
  if utility == false then return form(c, "new", "There is no such utility here.") end
  local sent = c:field("send") == "yes" and email ~= ""
  return c:go("/dashboard/requests/" .. make(c, shared, email, utility).uid, sent and "sent" or "created")
end

-- One line of the list -> {email, utility}, or nil and what is wrong.
local function entry(row, seen)
  local email, utility = row[1], utility_of(row[2] or "")
  if #row > 2 then return nil, "two columns at most: e-mail, utility" end
  if not is_email(email) then return nil, ("'%s' is no e-mail address"):format(email) end
  if utility == false then return nil, ("there is no utility '%s'"):format(row[2]) end
  if seen[email:lower()] then return nil, ("the same address as in line %d"):format(seen[email:lower()]) end
  seen[email:lower()] = row.line
  return { email = email, utility = utility }
end

-- The list as entries and mistakes, each with its line.
function create.parse(text)
  local rows, line = csv.read(text)
  if not rows then return {}, { { line = line, text = "a quote is not closed, or something follows a closed one" } } end
  local entries, errors, seen = {}, {}, {}
  for i, row in ipairs(rows) do
    if not (i == 1 and row[1]:lower():gsub("[%s_-]", ""):find("^e?mail")and not row[1]:find("@", 1, true)) then
      local good, why = entry(row, seen)
      if good then entries[#entries + 1] = good else errors[#errors + 1] = { line = row.line, text = why } end
    end
  end
  if #entries + #errors == 0 then errors[1] = { line = 1, text = "there is no address in it" } end
  if #entries > MOST then
    errors[#errors + 1] = { line = rows[#rows].line, text = ("%d addresses; %d at most at once"):format(#entries,
      MOST) }
  end
  return entries, errors
end

local function many(c)
  local shared, why = common(c)
  if not shared then return form(c, "many", why) end
  local entries, errors = create.parse(c.request.fields.list or "")
  if #errors > 0 then
    return form(c, "many", ("Nothing was created: %d %s wrong."):format(#errors,
      #errors == 1 and "line is" or "lines are"), { errors = errors })
  end
  for _, e in ipairs(entries) do make(c, shared, e.email, e.utility) end
  return c:go("/dashboard/requests", "many")
end

local function show(name)
  return guard.page("requests", function(c)
    if not c.me.change then
      return c:refused("Your role sees data requests and makes none. Ask an owner of your team.")
    end
    return form(c, name)
  end)
end

function create.add(router)
  router:add("GET", "/dashboard/requests/new", show("new"))
  router:add("POST", "/dashboard/requests/new", guard.change("requests", "member", one))
  router:add("GET", "/dashboard/requests/many", show("many"))
  router:add("POST", "/dashboard/requests/many", guard.change("requests", "member", many))
end

return create
