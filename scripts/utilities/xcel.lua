-- Xcel Energy (eight states).
-- Portal facts: the sign-in page is a Gigya screen set on a Salesforce community; over Gigya's OpenID proxy it becomes a session
-- of the community, from which SAML leads to the usage portal. Its usage page has a hidden custId and a list of services whose
-- values begin with E or G. Data centre, the proxy's address and all of MFA follow the family; printed meter numbers, addresses
-- and the chooser of accounts are modelled.
local account, address, fold = require "meterkey.account", require "meterkey.address", require "meterkey.fold"
local saml, service, site, url = require "meterkey.idp.saml", require "meterkey.service", require "meterkey.site",
  require "meterkey.url"

local home, usage = "https://my.xcelenergy.com", "https://myenergy.xcelenergy.com"
local idp = require("meterkey.idp.gigya") { data_center = "us1" }
local services = "select#serviceSelect, #noServices"

-- The community's session: the proxy goes on with the login token and leads back.
local function enter(s, page, session)
  local found = url.parse_query(page.url:match("%?([^#]*)") or "")
  if not found.context then s:fail("adapter.unexpected_page", "the sign-in page names no context to go on with") end
  page = s:get(("https://fidm.us1.gigya.com/oidc/op/v1.0/%s/authorize/continue"):format(idp.key), {
    query = { context = found.context, login_token = session.login_token } })
  return site.page(s, page, "#community-home")
end

-- Modelled: what the usage page says of one account.
local function rows_of(page)
  local out = {}
  local shown = { account = account.number(site.text(page, "#accountNumber")), name = site.text(page, "#customerName"),
    account_id = page:one("input[name=custId]"):attr("value"), status = service.status(site.text(page, "#accountStatus")),
    address = address.parse(site.text(page, "#serviceAddress")) }
  for _, option in ipairs(page:all("select#serviceSelect option[value]")) do
    local value = option:attr("value")
    local row = { service = service.class(value:match("^(%a)%-")), point = value,
      meter = account.number(option:attr("data-meter")) }
    for name, what in pairs(shown) do row[name] = what end
    out[#out + 1] = row
  end
  return out
end

return {
  api = 1,
  id = "xcel",
  name = "Xcel Energy",
  utility_id = "Xcel",
  regions = { "CO", "MI", "MN", "ND", "NM", "SD", "TX", "WI" },
  services = { "electric", "gas" },
  portal = home .. "/MyAccount/",
  hosts = { "my.xcelenergy.com", "accounts.us1.gigya.com", { "fidm.us1.gigya.com", secrets = false },
    { "myenergy.xcelenergy.com", secrets = false } },
  evidence = "modelled",
  timezone = "America/Denver",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "turn_off",
    steps = { "Sign in at my.xcelenergy.com.", "Open your profile and its security settings.",
      "Switch two-step verification off, and save." },
    kinds = { "select", "otp", "totp" },
    patterns = idp.patterns,
  },
  errors = idp.errors,

  sign_in = function(s)
    idp:restore(s)
    local page = site.page(s, s:get(home .. "/MyAccount/"), [[script[src*="gigya.js"] ]])
    enter(s, page, idp:sign_in(s, page))
    page = s:get(home .. "/MyAccount/idp/login", { query = { app = "0sp2R0000008OoM" } })
    s.usage = site.page(s, saml.pass(s, page), services)
  end,

  meters = function(s)
    local out, accounts = {}, s.usage:all("select#accountSelect option[value]")
    if #accounts == 0 and s.usage:has("#noServices") then return {}, "none" end
    if #accounts == 0 then return fold.meters(rows_of(s.usage)) end
    for _, option in ipairs(accounts) do
      local page = s:get(usage .. "/myenergy/usage-history", { query = { custId = option:attr("value") } })
      page = site.page(s, page, services)
      for _, row in ipairs(rows_of(page)) do out[#out + 1] = row end
    end
    return fold.meters(out)
  end,

  sign_out = function(s)
    idp:sign_out(s)
    s:get(home .. "/MyAccount/secur/logout.jsp")
  end,
}
