-- Southern California Gas (SoCalGas).
-- Portal facts: a single-page app over a JSON API signs in, and hands over to a usage portal (SmartCMobile) with an
-- access token, which lists the accounts and their meters. An account number has eleven digits on screen, the API takes
-- the first ten. Which keys hold the full number, the address and the rate is modelled; all are read in `meter` and
-- `account_of`.
local account, address, api, fold = require "meterkey.account", require "meterkey.address", require "meterkey.api",
  require "meterkey.fold"
local json, service = require "meterkey.json", require "meterkey.service"
local site, tariff = require "meterkey.site", require "meterkey.tariff"

local account_site = "https://myaccount.socalgas.com"
local session = account_site .. "/api/v1/web-user/authentication/"
local authentication = account_site .. "/public/api/v1/web-user/authentication/"
local usage = "https://socal.smartcmobile.com/connectorsso/api/"

local idp = require("meterkey.idp.spa") {
  page = "/ui/login",
  home = "/ui/home",
  refresh = session .. "validate-and-refresh-session",
  skip = account_site .. "/api/v1/web-user/interstitial/skip",
  logout = session .. "logout",
  login = authentication .. "login",
  send = authentication .. "mfa/send",
  verify = authentication .. "mfa/verify",
  skip_enrolment = authentication .. "mfa/skip-enrollment",
  trust = "scg_device",
}

-- A value that is there: neither absent, null nor blank.
local function value(object, ...)
  for _, key in ipairs { ... } do
    if object[key] ~= nil and not json.is_null(object[key]) and object[key] ~= "" then return object[key] end
  end
end

-- Signs in to the usage portal; what is to be sent with each of its calls.
local function enter_usage_portal(s)
  local page = s:get(session .. "initialize-ways-to-save", { headers = { Accept = "application/json" } })
  local answer = api.answer(s, page)
  site.page(s, s:get(answer.url))
  s.usage_headers = { Accept = "application/json", AccessToken = answer.accessToken, PortalType = "R", Module = "",
    ["X-SEW-CallerType"] = "socal" }
end

local function ask_usage_portal(s, path, body)
  local page = s:post(usage .. path, { json = body, headers = s.usage_headers })
  return page.status ~= 204 and api.answer(s, page) or nil
end

-- The number under whichever of the documented keys, as the API takes it, and as the customer knows it.
local function account_of(s, row)
  local number = account.number(value(row, "BillAccount", "billAccountNumber", "accountNumber", "Id")) or
    s:fail("adapter.parse", "an account in the list has no number under any known key")
  return account.without_check(number, 10), account.number(value(row, "DisplayAccount")) or number
end

local function meter(s, row, of)
  local id, number = account_of(s, row)
  return {
    account = number, account_id = id, service = "gas", name = value(row, "CustomerName"),
    address = address.parse(value(row, "ServiceAddress")), tariff = tariff.code(value(row, "RateSchedule")),
    status = service.status(value(row, "Status")), meter = value(of, "MeterNumber"),
    point = account.number(value(of, "ServicePointId", "ServiceLocationId")),
  }
end

return {
  api = 1,
  id = "scg",
  name = "Southern California Gas",
  utility_id = "SoCalGas",
  regions = { "CA" },
  services = { "gas" },
  portal = "https://myaccount.socalgas.com/ui/login",
  hosts = { "myaccount.socalgas.com", { "socal.smartcmobile.com", secrets = false } },
  evidence = "modelled",
  timezone = "America/Los_Angeles",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "turn_off",
    help_url = "https://www.socalgas.com/help-center/2-factor-authentication",
    steps = { "Sign in at myaccount.socalgas.com.", "Open Log In and Security.",
      "Switch 2-factor authentication off, and save." },
    kinds = { "select", "otp", "totp" },
    patterns = idp.patterns,
  },
  errors = idp.errors,

  sign_in = function(s) idp:sign_in(s) end,

  meters = function(s)
    enter_usage_portal(s)
    local list, out = ask_usage_portal(s, "account/list", {}), {}
    if not list then s:fail("adapter.parse", "no list of accounts") end
    if #list == 0 then return {}, "none" end
    for _, row in ipairs(list) do
      local map = ask_usage_portal(s, "usage/gnnmapping", { BillAccount = (account_of(s, row)) })
      local meters = map and value(map, "GnnMeterMap") or {}
      if #meters == 0 then meters = { {} } end
      for _, of in ipairs(meters) do out[#out + 1] = meter(s, row, of) end
    end
    return fold.meters(out)
  end,

  sign_out = function(s) idp:sign_out(s) end,
}
