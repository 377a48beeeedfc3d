-- Ameren Illinois and Ameren Missouri.
-- Portal facts: the sign-in page calls an access manager's authentication tree (realm ameren, tree amerenrestlogin), then the
-- site begins OpenID Connect with a form and takes the code back by form_post. MFA is announced; its kinds are not public and
-- follow the family. The list of accounts is modelled: bill accounts and premises, which the scopes name.
local account, address, api, fold = require "meterkey.account", require "meterkey.address", require "meterkey.api",
  require "meterkey.fold"
local saml, service, site, tariff = require "meterkey.idp.saml", require "meterkey.service", require "meterkey.site",
  require "meterkey.tariff"

local home = "https://www.ameren.com"
local idp = require("meterkey.idp.forgerock") { am = "https://login.eiam.ece.ameren.com", realm = "ameren",
  tree = "amerenrestlogin", headers = { Origin = home } }

-- Modelled: the keys of an account, a premise and a meter stand here alone.
local function rows_of(bill)
  local out = {}
  for _, premise in ipairs(bill.premises or {}) do
    for _, meter in ipairs(#(premise.meters or {}) > 0 and premise.meters or { {} }) do
      out[#out + 1] = {
        account = account.number(bill.accountNumber), account_id = bill.billAccountId, name = api.value(bill, "customerName"),
        service = service.class(meter.serviceType or premise.serviceType),
        meter = account.number(api.value(meter, "meterNumber")), point = account.number(premise.premiseNumber),
        tariff = tariff.code(api.value(meter, "rateCode")), status = service.status(premise.status or bill.status),
        address = address.of { line1 = premise.addressLine1, line2 = premise.addressLine2, city = premise.city,
          region = premise.state, postcode = premise.zipCode },
      }
    end
  end
  return out
end

return {
  api = 1,
  id = "ameren",
  name = "Ameren",
  utility_id = "Ameren",
  regions = { "IL", "MO" },
  services = { "electric", "gas" },
  portal = home .. "/login-page/",
  hosts = { "www.ameren.com", "login.eiam.ece.ameren.com" },
  evidence = "documented",
  timezone = "America/Chicago",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "turn_off",
    steps = { "Sign in at ameren.com.", "Open your profile and its security settings.",
      "Switch multi-factor authentication off, and save." },
    kinds = { "select", "otp" },
    patterns = idp.patterns,
  },
  errors = idp.errors,

  sign_in = function(s)
    site.page(s, s:get(home .. "/login-page/"), "#txtSignInEmail")
    idp:sign_in(s)
    local page = site.page(s, s:get(home .. "/api/ameren/login/initiatefrlogin"), "form")
    page = saml.pass(s, s:submit(page:form()))
    site.page(s, page, "#dashboard, [name=__RequestVerificationToken]")
  end,

  meters = function(s)
    local out, number = {}, 1
    repeat
      local answer = api.answer(s, s:get(home .. "/api/ameren/AccountSummaryStatus/GetAccounts", { query = { page = number } }))
      for _, bill in ipairs(answer.accounts) do
        for _, row in ipairs(rows_of(bill)) do out[#out + 1] = row end
      end
      number = number + 1
    until number > (answer.totalPages or 1)
    if #out == 0 then return {}, "none" end
    return fold.meters(out)
  end,

  sign_out = function(s)
    s:get(home .. "/account/logout")
    idp:sign_out(s)
  end,
}
