-- Consolidated Edison of New York.
-- Portal facts: a Sitecore service signs in, in front of an identity provider; every customer has a second factor,
-- which a remembered device spares. Accounts come from the usage widget, by fuel, with the numbers of smart meters;
-- steam never does. The dashboard of each account has what the widget lacks; its ids are modelled, and read in
-- `services_of`.
local account, address, fold = require "meterkey.account", require "meterkey.address", require "meterkey.fold"
local service, site, tariff = require "meterkey.service", require "meterkey.site", require "meterkey.tariff"

local home = "https://www.coned.com"
local dashboard = home .. "/en/accounts-billing/dashboard"
local token_service = home .. "/sitecore/api/ssc/ConEd-Cms-Services-Controllers-Opower/OpowerService/0/GetOPowerToken"
local chooser = [[a[href*="dashboard?account="] ]]

local idp = require("meterkey.idp.sitecore") {
  site = home,
  page = "/en/login",
  module = "ConEdWeb-Foundation-Login-Areas-LoginAPI",
  back = "/en/accounts-billing/my-account/energy-use",
  trust = "CE_DEVICE_ID",
}
local widget = require("meterkey.idp.opower") { host = "cned.opower.com", code = "cned" }

-- The widget's token; nil where a page comes in its place: no account is selected, or the session is not live.
local function try_token(s)
  local page = s:get(token_service, { referer = home .. "/", headers = { Accept = "application/json" } })
  if page.status == 403 then s:fail("site.permission", "this login has no right to the usage widget") end
  site.page(s, page)
  local token = page.type == "application/json" and page:json()
  return type(token) == "string" and token or nil
end

local function widget_token(s, first)
  local token = try_token(s)
  local choice = not token and first:one(chooser, { optional = true })
  if choice then
    s:get(home .. choice:attr("href"))
    token = try_token(s)
  end
  return token or s:fail("auth.session_lost", "signed in, and yet the portal gives no token for the usage widget")
end

-- What an account's dashboard says: one row a service.
local function services_of(page)
  local out = {}
  for i, row in ipairs(page:all("#services [data-service]")) do
    out[i] = {
      account = account.number(site.text(page, "#account-number")), name = site.text(page, "#account-name"),
      service = service.class(row:attr("data-service")), tariff = tariff.code(row:attr("data-rate")),
      address = address.parse(site.text(page, "#service-address")), status = service.status(site.text(page, "#account-status")),
    }
  end
  return out
end

-- The dashboards of all accounts; who has just one sees it at once.
local function dashboards(s, first)
  local out = {}
  for i, link in ipairs(first:all(chooser)) do
    out[i] = site.inside(s, s:get(home .. link:attr("href")), "#account-number")
  end
  return #out > 0 and out or { first }
end

-- Adds the widget's id and the meters' numbers to the row of its account and fuel, or a row that the dashboards lack.
local function join(s, token, rows)
  for _, entry in ipairs(widget:services(s, token)) do
    local number, found = account.number(entry.account), nil
    for _, row in ipairs(rows) do
      if row.account == number and row.service == entry.service then found = row end
    end
    if not found then
      found = { account = number, service = entry.service }
      rows[#rows + 1] = found
    end
    found.account_id = entry.uuid
    found.meters = entry.service == "electric" and widget:meter_numbers(s, token, entry) or nil
  end
end

return {
  api = 1,
  id = "coned",
  name = "Con Edison",
  utility_id = "ConEd",
  regions = { "NY" },
  services = { "electric", "gas", "steam" },
  portal = "https://www.coned.com/en/login",
  -- The identity provider's host is not known by name: one of the utility's own, only passed through.
  hosts = { "www.coned.com", { "*.coned.com", secrets = false }, { "cned.opower.com", secrets = false } },
  evidence = "documented",
  timezone = "America/New_York",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = { policy = "relay", patterns = idp.patterns, off_impossible = true },
  errors = idp.errors,

  sign_in = function(s) idp:sign_in(s) end,

  meters = function(s)
    local first = s:get(dashboard, { referer = home .. "/" })
    site.inside(s, first, chooser .. ", #account-number, #no-accounts")
    if first:has "#no-accounts" then return {}, "none" end
    local token, rows = widget_token(s, first), {}
    for _, page in ipairs(dashboards(s, first)) do
      for _, row in ipairs(services_of(page)) do rows[#rows + 1] = row end
    end
    join(s, token, rows)
    return fold.meters(rows)
  end,

  sign_out = function(s) idp:sign_out(s) end,
}
