-- Southern California Edison.
-- Portal facts: a single-page app with Okta behind; a second factor, by text or call, is asked at every sign-in of
-- those who opted in, and offered to the others: "remind me later" is the answer. The landing page groups service
-- accounts by customer account and shows no meter numbers. The app's settings, the session's and the list of accounts
-- are modelled, and read in `settings` and `read_account`.
local account, address, api, fold = require "meterkey.account", require "meterkey.address", require "meterkey.api",
  require "meterkey.fold"
local json, list, service = require "meterkey.json", require "meterkey.list", require "meterkey.service"
local site, tariff = require "meterkey.site", require "meterkey.tariff"

local home = "https://www.sce.com"
local page_size = 10

local idp = require("meterkey.idp.okta") { org = home, digits = 6 }

local own_errors = {
  { code = "auth.credentials", html = "react-login-main mark", text = [[(?i)password.*incorrect]],
    message = "react-login-main mark" },
  { code = "user_action.contact", html = "react-verification-pending", message = "react-verification-pending" },
  { code = "site.error_page", html = "mark.globalErrorBlock", message = "mark.globalErrorBlock" },
}

-- What a page's script element of this id holds, nil without one.
local function settings(page, id)
  local found = page:match([[<script\b[^>]*\bid="]] .. id .. [["[^>]*>(.*?)</script>]], "s")
  return found and json.decode(found[1])
end

local function read_account(customer, row)
  local at = api.value(row, "serviceAddress")
  return {
    account = account.number(customer.customerAccountNumber), account_id = account.number(row.contractNumber),
    name = api.value(customer, "customerName"), point = account.number(row.serviceAccountNumber),
    meter = account.number(row.meterNumber), service = "electric", tariff = tariff.code(row.rate),
    status = service.status(api.value(row, "status") or customer.status),
    address = at and address.of { line1 = at.line1, line2 = at.line2, city = at.city, region = at.state,
      postcode = at.zip },
  }
end

return {
  api = 1,
  id = "sce",
  name = "Southern California Edison",
  utility_id = "SCE",
  regions = { "CA" },
  services = { "electric" },
  portal = home .. "/mysce/login",
  hosts = { "www.sce.com", "prodms.dms.sce.com" },
  evidence = "modelled",
  timezone = "America/Los_Angeles",
  credentials = {
    { name = "username", label = "User ID or email", type = "text" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "turn_off",
    kinds = { "otp", "select" },
    help_url = "https://www.sce.com/helpcenter/topics/my-account/multi-factor-authentication-mfa-customer-faqs",
    steps = { "Sign in at www.sce.com and open your account settings.", "Find multi-factor authentication there.",
      "Switch it off and save." },
    patterns = idp.patterns,
  },
  errors = list.join(own_errors, idp.errors),

  sign_in = function(s)
    local page = s:get("/mysce/login")
    site.page(s, page)
    local app = settings(page, "app-config")
    if not app then s:fail("site.maintenance", "the login page has no form at the moment") end
    local token = idp:sign_in(s, { url = app.authnUrl })
    page = site.inside(s, idp:start_session(s, token, home .. "/mysce/myaccount"))
    local session = settings(page, "session") or s:expect(page, "script#session")
    s.api, s.token, s.uid = app.apiBase, session.accessToken, session.oktaUid
  end,

  meters = function(s)
    local headers = { Authorization = "Bearer " .. s.token, oktaUid = s.uid, Accept = "application/json" }
    local out, number, answer = {}, 0
    repeat
      number = number + 1
      local query = { page = number, pageSize = page_size }
      answer = api.answer(s, s:get(s.api .. "/accounts", { headers = headers, query = query }))
      for _, customer in ipairs(answer.customerAccounts) do
        for _, row in ipairs(customer.serviceAccounts) do out[#out + 1] = read_account(customer, row) end
      end
    until number >= answer.totalPages
    if #out == 0 then return {}, "none" end
    return fold.meters(out)
  end,

  sign_out = function(s) idp:sign_out(s) end,
}
