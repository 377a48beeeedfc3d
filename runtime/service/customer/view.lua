-- What all pages of the customer's have in common: layout, language, whose page it is, links that keep what the first one said.
local adapters = require "service.adapters"
local guard = require "service.customer.guard"
local page = require "service.page"
local static = require "service.static"
local web = require "service.web"
local view = {}

local LANGUAGES = { { code = "en", name = "English" }, { code = "es", name = "Español" } }

-- Parameters of a data request's link (utilityapi v2, section 5) that go along from page to page; go: what was sent began here.
local KEPT = { "utility", "email", "redirect_uri", "state", "noredirect", "go", "lang" }

local function query_of(values)
  local names, out = {}, {}
  for name, value in pairs(values) do
    if value then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do out[i] = web.percent(name) .. "=" .. web.percent(values[name]) end
  return #out > 0 and "?" .. table.concat(out, "&") or ""
end
view.query = query_of

-- path with what the request's link said, and changes (false takes one away).
function view.link(request, path, changes)
  local values = {}
  for _, name in ipairs(KEPT) do values[name] = request.query[name] end
  for name, value in pairs(changes or {}) do values[name] = value end
  return path .. query_of(values)
end

local function tongues(request, path, now)
  local out = {}
  for i, one in ipairs(LANGUAGES) do
    local values = {}
    for name, value in pairs(request.query) do values[name] = value end
    values.lang = one.code
    out[i] = { code = one.code, name = one.name, here = one.code == now, href = path .. query_of(values) }
  end
  return out
end

-- A value of an adapter or a portal without nulls.
function view.plain(value)
  if value == host.null then return nil end
  if type(value) ~= "table" then return value end
  local out = {}
  for name, one in pairs(value) do out[name] = view.plain(one) end
  return out
end

-- How a utility of adapters.get is shown.
function view.utility(one)
  one = view.plain(one)
  return one and { id = one.id, name = one.name, portal = one.portal, mfa = one.mfa, paused = one.paused, links = one.links or {},
    credentials = one.credentials, services = one.services, regions = one.regions, utility_id = one.utility_id or one.id,
    help = adapters.get(one.id) and "/help/" .. one.id or "/help/mfa" }
end

-- The picture of a company's template, if it comes with the page: nothing is fetched from elsewhere.
local function logo_of(template)
  local logo = template and template.company_logo
  return logo and logo:find("^data:image/[%w.+-]+;base64,[%w+/=]+$") and logo or nil
end

-- "https://app.example/back?x" -> "https://app.example"; "helio://done" -> "helio:". Where a sent form may lead to.
local function origin_of(uri)
  return uri:match("^(https?://[%w.:%[%]-]+)") or uri:match("^([%w+.-]+:)")
end

-- The answers to a form may lead to where the template says.
local function allow_returns(response, template)
  local origins = {}
  for _, uri in ipairs(template and template.redirect_uris or {}) do origins[#origins + 1] = origin_of(uri) end
  if #origins == 0 then return end
  local name = "Content-Security-Policy"
  response.headers[name] = response.headers[name]:gsub("form%-action 'self'", function(same) return same .. " " .. table.concat(origins, " ") end)
end

-- What every template may name. place: {path, scope, template}, see customer/place.lua; both may be absent on public pages.
local function common(request, place, language)
  local t, template = page.words(language), place.template
  local company = template and template.company_name
  return { t = t, language = language, company = company, logo = logo_of(template), style = static.url("style.css"),
    script = static.url("app.js"), icon = static.url("icon.svg"), tongues = tongues(request, place.path or request.path, language),
    path = place.path, support = host.config.support ~= "" and host.config.support or nil, now = host.now() // 1000000, state = nil }
end

local function support_href(text)
  if not text then return nil end
  return text:find("^https?://") and text or "mailto:" .. text
end

-- A page: pages/NAME.html inside pages/customer/layout.html. values.title is a must. -> the response.
function view.show(request, place, status, name, values)
  local language = page.language(request)
  local all, cookies = common(request, place, language), {}
  local framed = place.template and #place.template.frame_ancestors > 0
  all.support_href, all.framed = support_href(all.support), framed
  if place.scope then
    local value, cookie = guard.make(request, place.scope, framed)
    all.guard, cookies[#cookies + 1] = page.raw('<input type="hidden" name="guard" value="' .. web.escape(value) .. '">'), cookie
  end
  for key, value in pairs(values) do all[key] = value end
  all.content = page.raw(page.render(name, all))
  if request.query.lang == language then
    cookies[#cookies + 1] = web.cookie("lang", language, { max_age = 31536000, secure = web.secure(request) })
  end
  local headers = #cookies > 0 and { ["Set-Cookie"] = host.array(cookies) } or nil
  local response = web.html(status, page.render("customer/layout", all), headers, framed and place.template.frame_ancestors)
  allow_returns(response, place.template)
  return response
end

-- A page of one heading and one sentence: customer.WHAT.title and .lead.
function view.plain_page(request, place, status, what, values)
  local t = page.words(page.language(request))
  local said = { company = place.template and place.template.company_name or "Meterkey", utility = values and values.utility }
  return view.show(request, place, status, "customer/plain", { title = t("customer." .. what .. ".title"),
    lead = t("customer." .. what .. ".lead", said), act = values and values.act, act_href = values and values.act_href })
end

return view
