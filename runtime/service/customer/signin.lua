-- Choosing the utility, consent and sign-in: the pages before anything is sent.
local adapters = require "service.adapters"
local health = require "service.health"
local page = require "service.page"
local view = require "service.customer.view"
local words = require "service.customer.words"
local signin = {}

local function matches(text, q)
  for word in q:lower():gmatch("%S+") do
    if not text:lower():find(word, 1, true) then return false end
  end
  return true
end

local function listed(request, at, t, q)
  local out = {}
  for _, one in ipairs(adapters.list()) do
    local utility = view.utility(one)
    local regions = words.regions(utility.regions)
    local text = table.concat({ utility.name, utility.utility_id, regions, table.concat(utility.regions or {}, " ") }, " ")
    if matches(text, q) then
      local detail = { regions ~= "" and regions or nil, (words.services(t, utility.services)) }
      out[#out + 1] = { name = utility.name, text = text, href = view.link(request, at.path, { utility = utility.utility_id, again = request.query.again }),
        detail = utility.paused and t("customer.choose.paused") or table.concat(detail, " · ") }
    end
  end
  return out
end

-- What a search keeps of the link's parameters, as hidden fields.
local function kept(request)
  local out = {}
  for _, name in ipairs { "email", "redirect_uri", "state", "noredirect", "go", "lang", "again" } do
    if request.query[name] then out[#out + 1] = { name = name, value = request.query[name] } end
  end
  out[#out + 1] = { name = "choose", value = "1" }
  return out
end

-- options: {problem}.
function signin.choose(request, at, options)
  local t = page.words(page.language(request))
  local q = request.query.q or ""
  local list = listed(request, at, t, q)
  return view.show(request, at, options and 400 or 200, "customer/choose", { title = t("customer.choose.title"), q = q, list = list,
    kept = kept(request), count = #list, counted = t("customer.choose.count"), none = t("customer.choose.none", { q = q }),
    all_href = view.link(request, at.path, { choose = "1" }), problem = options and options.problem })
end

-- --- consent and sign-in -------------------------------------------------------------------

local COMPLETE = { username = "username", password = "current-password" }

local function fields_of(utility, t, language, wrong)
  local out = {}
  for i, one in ipairs(utility.credentials) do
    local label, lang = words.label(t, language, one.label)
    out[i] = { name = one.name, id = "c-" .. one.name:gsub("[^%w]", "-"), label = label, lang = lang, type = one.secret and "password" or one.type or "text",
      autocomplete = COMPLETE[one.name] or "off", optional = one.optional,
      wrong = wrong[one.name] and t("customer.signin." .. wrong[one.name], { field = label }) }
  end
  return out
end

-- The utility's own pages that help with signing in, as far as its adapter names them.
local function links_of(utility, t, said)
  local out = {}
  for _, name in ipairs { "sign_up", "forgot_username", "forgot_password" } do
    local href = utility.links[name]
    if href and href:find("^https://") then out[#out + 1] = { href = href, text = t("customer.signin." .. name) } end
  end
  if #out == 0 and utility.portal then out[1] = { href = utility.portal, text = t("customer.signin.portal", said) } end
  return out
end

-- Why nobody can sign in there now, or nil.
local function closed(utility, t, said)
  if utility.paused then return t("customer.signin.paused", said) end
  local till = health.resting(utility.id)
  return till and t("customer.refused.resting", { utility = said.utility, minutes = words.minutes(till) })
end

local function problems_of(options, fields)
  local out = {}
  if options.problem then out[1] = { text = options.problem } end
  for _, field in ipairs(fields) do
    if field.wrong then out[#out + 1] = { id = field.id, text = field.wrong } end
  end
  if options.email_wrong then out[#out + 1] = { id = "email", text = options.email_wrong } end
  return out
end

-- one: of adapters.get. options: {status, problem, wrong = {credential's name = "missing" or "bad"}, email_wrong, same: offer to send the same password}.
function signin.show(request, at, one, options)
  options = options or {}
  local language, utility = page.language(request), view.utility(one)
  local t = page.words(language)
  local said = { utility = utility.name, company = at.template.company_name }
  local form = at.form or {}
  local fields = fields_of(utility, t, language, options.wrong or {})
  local long, password, till = words.scope(t, form.scope)
  local function to(suffix) return view.link(request, at.path .. suffix, { utility = utility.utility_id }) end
  local problems, on_again = problems_of(options, fields), words.on_again(t, said, till)
  return view.show(request, at, options.status or 200, "customer/signin", { title = t("customer.signin.title", said), said = said,
    note = #problems > 0 and t("customer.errors.title") or nil, utility = utility,
    long = long, password = password, fields = fields, links = links_of(utility, t, said), problems = problems,
    off = utility.mfa.policy == "turn_off" and { impossible = utility.mfa.off_impossible, on_again = on_again } or nil, closed = closed(utility, t, said),
    email = request.fields.email or request.query.email or form.customer_email or "", email_wrong = options.email_wrong, same = options.same,
    action = to "/consent", decline = to "/decline", change = view.link(request, at.path, { utility = false, choose = "1", again = request.query.again }) })
end

return signin
