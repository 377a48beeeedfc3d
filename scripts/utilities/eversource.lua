-- Eversource Energy, Connecticut, Massachusetts and New Hampshire.
-- Portal facts: its own service takes the password first and says whether a second factor is wanted; the organisation
-- at Okta takes it again and asks for the factor; an OpenID Connect code then gives the token of the customer API.
-- Meters come from the usage widget, a token an account; closed accounts have none. Keys of an account's address,
-- number, status and services are modelled, and read in `read_account`; so is signing out.
local account, address, api, fold = require "meterkey.account", require "meterkey.address", require "meterkey.api",
  require "meterkey.fold"
local html, json = require "meterkey.html", require "meterkey.json"
local oidc, regex, service = require "meterkey.idp.oidc", require "meterkey.regex", require "meterkey.service"
local site = require "meterkey.site"

local home = "https://www.eversource.com"
local login_page = home .. "/security/account/Login"
local token_header = "__RequestVerificationToken"
local page_size = 5

local org = "https://eversource-external.okta.com"
local idp = require("meterkey.idp.okta") { org = org, digits = 6 }
local widget = require("meterkey.idp.opower") { host = "ever.opower.com", code = "ever" }

local goes_on = { SUCCESS = true, MFA_ENROLL = true, MFA_REQUIRED = true, MFA_CHALLENGE = true }

-- The settings of the login page's app; without them the page is one of the portal's notices.
local function settings(s, page)
  site.page(s, page)
  local element = page:one("[data-config]", { optional = true })
  if not element then s:fail("site.maintenance", "the login page has no form at the moment") end
  return json.decode(element:attr("data-config")) or s:fail("adapter.parse", "the login page's settings cannot be read")
end

-- The first of the portal's messages, which are fragments of HTML by names of fields.
local function first_message(errors)
  for _, text in pairs(type(errors) == "table" and errors or {}) do
    if type(text) == "table" then text = text[1] end
    if type(text) == "string" then return html.parse(text):text() end
  end
  return "no message"
end

local bad_login = [[(?i)(user ?name|web ?id|e-?mail|password).*(incorrect|invalid|not (match|recogni|valid|found))]]

local function refuse(s, answer)
  local message = first_message(answer.Errors)
  local code = "adapter.unexpected_page"
  if regex.match(message, [[(?i)\block]]) then
    code = "auth.locked"
  elseif regex.match(message, bad_login) then
    code = "auth.credentials"
  end
  s:fail(code, message)
end

-- The portal's own check of the password: the user name that the organisation knows.
local function check_password(s)
  local config = settings(s, s:get(login_page))
  local page = s:post(home .. "/security/account/MSLogin", {
    json = { WebId = s.credentials.username, Password = s.credentials.password, RememberID = false,
      ReturnUrl = "/cg/customer/accountoverview", MfaRememberMeData = s.keep.mfa_remember_me or "" },
    headers = { Accept = "application/json", [config.antiForgeryHeaderName or token_header] = config.formToken },
    referer = login_page,
  })
  local answer = api.answer(s, page)
  if answer.IsSuccess ~= true then refuse(s, answer) end
  if not goes_on[answer.status] then
    s:fail("adapter.unexpected_page", ("the portal's sign-in is in state %s"):format(tostring(answer.status)))
  end
  local remember = answer.MfaRememberMeData
  if type(remember) == "string" and remember ~= "" then s.keep.mfa_remember_me = remember end
  return answer.OktaUsername
end

local function read_account(row)
  local at = api.value(row, "ServiceAddress")
  return {
    account = account.number(row.AccountNumber or row.BillingAccountIdentifier),
    account_id = account.number(row.BillingAccountIdentifier), name = api.value(row, "CustomerName"),
    status = row.AccountStatus == "Dormant" and "closed" or service.status(row.AccountStatus),
    services = api.value(row, "ServiceTypes") or {},
    address = at and address.of { line1 = at.AddressLine1, line2 = at.AddressLine2, city = at.City, region = at.State,
      postcode = at.ZipCode },
  }
end

local function get(s, path, query)
  local headers = { Authorization = "Bearer " .. s.token, Accept = "application/json" }
  return s:get(home .. path, { headers = headers, query = query })
end

-- All accounts: closed and dormant ones are among them, and may come first.
local function accounts_of(s)
  local out, number, rows = {}, 0
  repeat
    number = number + 1
    rows = api.answer(s, get(s, "/cg/customer/api/account", { pageNumber = number, pageSize = page_size })).Accounts
    for _, row in ipairs(rows) do out[#out + 1] = read_account(row) end
  until #rows < page_size
  return out
end

-- The widget's token of an account, nil for a closed one.
local function widget_token(s, one)
  local page = get(s, "/cg/customer/api/accountbilling/getOpowerWidgetData/" .. one.account_id)
  if page.status == 200 and regex.match(page.body, [[^\s*(null)?\s*$]]) then return nil end
  return api.answer(s, page).jwtToken
end

-- A row a service point; a row a service where the widget has nothing to say.
local function add_rows(s, out, one)
  local token = widget_token(s, one)
  local rows = token and widget:service_points(s, token, "urn:external:opower:entity:id:" .. one.account_id) or {}
  if #rows == 0 then
    for i, kind in ipairs(one.services) do rows[i] = { service = service.class(kind) } end
  end
  for _, row in ipairs(rows) do
    for _, name in ipairs { "account", "account_id", "name", "status", "address" } do row[name] = one[name] end
    out[#out + 1] = row
  end
end

return {
  api = 1,
  id = "eversource",
  name = "Eversource Energy",
  utility_id = "EVERSOURCE",
  regions = { "CT", "MA", "NH" },
  services = { "electric", "gas" },
  portal = home .. "/",
  hosts = { "www.eversource.com", "eversource-external.okta.com", "ever.opower.com" },
  evidence = "documented",
  timezone = "America/New_York",
  credentials = {
    { name = "username", label = "User name or email", type = "text" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = { policy = "relay", kinds = { "otp", "select" }, patterns = idp.patterns },
  errors = idp.errors,

  sign_in = function(s)
    local token = idp:sign_in(s, { username = check_password(s) })
    local authorize = org .. "/oauth2/ausrjxam6icWYMIj41t7/v1/authorize"
    local flow = oidc.begin { authorize = authorize, client_id = "0oarjx5m8i3r1586a1t7",
      redirect_uri = login_page, scope = "openid email", response_mode = "okta_post_message",
      params = { prompt = "none", sessionToken = token } }
    s.token = flow:finish(s, s:get(flow.url)).access_token
  end,

  meters = function(s)
    local accounts, out = accounts_of(s), {}
    if #accounts == 0 then return {}, "none" end
    for _, one in ipairs(accounts) do add_rows(s, out, one) end
    return fold.meters(out)
  end,

  sign_out = function(s)
    idp:sign_out(s)
    s:get(home .. "/security/account/LogOff")
  end,
}
