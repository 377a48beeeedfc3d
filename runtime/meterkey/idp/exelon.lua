-- The portals of Exelon's utilities, which share one code base: a whole adapter made of a table of data.
--
--   return require "meterkey.idp.exelon" { id = "comed", domain = "comed.com", widget = "cec", … }
--
-- domain  of the portal: secure.<domain> holds it, hosts below <domain> (or b2clogin.com) the sign-in pages
-- widget  name of the utility at Opower: host <widget>.opower.com and code in its paths; code: where that differs
-- id, name, utility_id, regions, services, timezone, help_url: as in a manifest
--
-- Sign-in by Azure AD B2C, the portal's own web policy (meterkey.idp.b2c). Then GetSession has a token for the account
-- interface, which lists accounts with their premises, and more of each account one by one. The usage widget knows each
-- account's fuels; the portal gives a token for it, bound to the account that was viewed last. A lost session is a
-- GetSession without a token, or 401. Customers report that MFA cannot be switched off once it is on.
--
-- Documented (public clients, keys of the utilities' own published app): routes, JSON served as text/html, accounts,
-- premises and addresses, service type, rate, choice ids. Modelled: MeterInfo within a premise.
local account, address, api = require "meterkey.account", require "meterkey.address", require "meterkey.api"
local fold, service, site = require "meterkey.fold", require "meterkey.service", require "meterkey.site"
local tariff, url = require "meterkey.tariff", require "meterkey.url"
local b2c, opower = require "meterkey.idp.b2c", require "meterkey.idp.opower"

-- A customer with more accounts than this is not asked about at the widget: it takes three requests each.
local widget_at_most = 40

-- Supplier choice ids, which say what point of delivery a supplier serves.
local choice_id = { electric = "electricChoiceID", gas = "gasChoiceID" }

-- A value that is there, as text.
local function text(value)
  return (type(value) == "string" and value ~= "" or math.type(value) == "integer") and tostring(value) or nil
end

-- The portal's JSON comes as text/html, so what it is must be told by the body. Who is signed out is led to sign in.
local function decoded(s, page)
  if page.status == 401 or url.origin(page.url) ~= s.portal then
    s:fail("auth.session_lost", "the portal has signed the customer out: " .. page.url:match("^[^?]*"))
  end
  if not page.body:find("^%s*[{%[]") then
    site.page(s, page)
    s:fail("adapter.unexpected_page", "the portal sent a page where JSON is due: " .. page.url)
  end
  return page:json()
end

-- A request of the portal's page, which stays where the sign-in led to.
local function ask(s, method, path, options)
  options.referer = s.home
  return s:request(method, s.portal .. path, options)
end

local function service_call(s, name, body)
  return ask(s, body and "POST" or "GET", "/api/Services/" .. name, { json = body })
end

local function session(s)
  local value = decoded(s, service_call(s, "MyAccountService.svc/GetSession"))
  if not text(value.token) then s:fail("auth.session_lost", "the portal's session has no token") end
  return value
end

-- What the account interface knows at a path, or nil where it refuses.
local function know(s, path)
  local headers = { Authorization = "Bearer " .. s.session.token, Accept = "application/json, text/plain, */*" }
  local reply = decoded(s, ask(s, "GET", "/.euapi/mobile/custom/auth/" .. path, { headers = headers }))
  return reply.success == true and reply.data or nil
end

-- Addresses and meters

local function address_of(premise, detail)
  local main = type(premise.mainAddress) == "table" and premise.mainAddress or {}
  local town, lines = main.townDetail or {}, api.elements(main.addressLine)
  local street = text(lines[1]) or text(detail.addressLine)
  if not street then return address.parse(text(main.addressGeneral) or text(detail.address)) end
  return address.of {
    line1 = street, line2 = text(lines[2]), city = text(town.name) or text(detail.city),
    region = text(town.stateOrProvince) or text(detail.state), postcode = text(town.code) or text(detail.zipCode),
  }
end

-- Numbers of a premise's meters of one fuel; a meter that does not say its fuel belongs to the only one.
local function numbers_of(premise, fuel, only)
  local out = {}
  for _, meter in ipairs(api.elements(premise.MeterInfo)) do
    local kind = service.class(text(meter.serviceType))
    if kind == fuel or (not kind and only) then out[#out + 1] = account.number(meter.meterNumber) end
  end
  return #out > 0 and out or nil
end

-- The fuels of an account: what the account says, then the widget; uuids of the widget by fuel.
local function fuels_of(s, detail, entries, services)
  local fuels, uuids = {}, {}
  local function add(fuel)
    if fuel and not uuids[fuel] then fuels[#fuels + 1], uuids[fuel] = fuel, {} end
  end
  for kind in (text(detail.serviceType) or ""):gmatch("[^/]+") do add(service.class(kind)) end
  for _, entry in ipairs(entries) do
    add(entry.service)
    table.insert(uuids[entry.service], entry.uuid)
  end
  if #fuels == 0 and #services == 1 then add(services[1]) end
  if #fuels == 0 then s:fail("adapter.parse", "an unknown service: " .. tostring(detail.serviceType)) end
  return fuels, uuids
end

local function status_of(listed, detail)
  if detail.flagFinaled == true then return "closed" end
  return service.status(text(listed.status) or text(detail.status))
end

-- Rows of one account: one a premise and fuel.
local function rows_of(s, listed, detail, entries, services)
  local rows, fuels, uuids = {}, fuels_of(s, detail, entries, services)
  local premises = api.elements(detail.PremiseInfo)
  if #premises == 0 then premises = api.elements(listed.PremiseInfo) end
  if #premises == 0 then premises = { {} } end
  local one = #premises == 1
  for _, premise in ipairs(premises) do
    for _, fuel in ipairs(fuels) do
      rows[#rows + 1] = {
        account = account.number(listed.accountNumber), service = fuel, name = text(s.session.customerName),
        account_id = one and #uuids[fuel] == 1 and uuids[fuel][1] or nil,
        point = text(one and detail[choice_id[fuel]] or nil) or not one and text(premise.premiseNumber) or nil,
        meters = numbers_of(premise, fuel, #fuels == 1), address = address_of(premise, one and detail or {}),
        tariff = #fuels == 1 and tariff.code(text(detail.rateSchedule)) or nil, status = status_of(listed, detail),
      }
    end
  end
  return rows
end

-- What the usage widget lists for an account, nothing where the portal has no token for it.
local function widget_entries(s, widget, number)
  decoded(s, service_call(s, "AccountList.svc/ViewAccount", { accountNumber = number }))
  local page = service_call(s, "OpowerService.svc/GetOpowerToken", {})
  local token = page.status == 200 and text(decoded(s, page).access_token)
  local out = {}
  for _, entry in ipairs(token and widget:services(s, token) or {}) do
    if account.same(entry.account, number) then out[#out + 1] = entry end
  end
  return out
end

-- The adapter

return function(data)
  local portal = "https://secure." .. data.domain
  local idp = b2c { entry = portal .. "/Pages/Login.aspx?/login", digits = 6 }
  local widget = opower { host = data.widget .. ".opower.com", code = data.code or data.widget }

  local adapter = {
    api = 1, evidence = "documented", portal = portal .. "/",
    hosts = { "*." .. data.domain, "*.b2clogin.com", { data.widget .. ".opower.com", secrets = false } },
    credentials = {
      { name = "username", label = "Email or user name", type = "text" },
      { name = "password", label = "Password", secret = true },
    },
    mfa = { policy = "turn_off", off_impossible = true, help_url = data.help_url, kinds = idp.kinds,
      patterns = idp.patterns },
    errors = idp.errors,
  }
  for _, name in ipairs { "id", "name", "utility_id", "regions", "services", "timezone" } do
    adapter[name] = data[name]
  end

  function adapter.sign_in(s)
    s.portal, s.home = portal, idp:sign_in(s).url
    s.session = session(s)
  end

  function adapter.meters(s)
    local accounts = know(s, "accounts") or s:fail("adapter.unexpected_page", "the portal does not list the accounts")
    if #accounts == 0 then return {}, "none" end
    local rows = {}
    for _, listed in ipairs(accounts) do
      local detail = know(s, "accounts/" .. listed.accountNumber) or {}
      local viewed = listed.status == "Active" and #accounts <= widget_at_most and detail.isPasswordProtected ~= true
      local entries = viewed and widget_entries(s, widget, listed.accountNumber) or {}
      for _, row in ipairs(rows_of(s, listed, detail, entries, data.services)) do rows[#rows + 1] = row end
    end
    return fold.meters(rows)
  end

  function adapter.sign_out(s)
    service_call(s, "MyAccountService.svc/Logout", {})
    idp:sign_out(s, portal .. "/")
  end

  return adapter
end
