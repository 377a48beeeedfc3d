-- Cedar Power, a made-up utility: a Salesforce community with a login controller of its own.
local account, address, api, fold = require "meterkey.account", require "meterkey.address", require "meterkey.api",
  require "meterkey.fold"
local service, site, tariff = require "meterkey.service", require "meterkey.site", require "meterkey.tariff"

local home = "https://my.cedarpower.test"
local idp = require("meterkey.idp.salesforce") { site = home .. "/cedar", home = "#account-home",
  apex = { class = "CedarLoginController", login = "login", choose = "handleChoiceofMFA", verify = "verifySignInCode" } }

local function read_meter(row)
  local at = api.value(row, "address")
  return {
    account = account.number(row.accountNumber), account_id = row.customerId, name = row.holder,
    meter = row.meterNumber, point = row.servicePoint, service = service.class(row.service),
    status = service.status(row.status), tariff = tariff.code(row.rate),
    address = at and address.of { line1 = at.line1, line2 = at.line2, city = at.city, region = at.state,
      postcode = at.zip },
  }
end

return {
  api = 1,
  id = "family_salesforce",
  name = "Cedar Power",
  regions = { "NY" },
  services = { "electric", "gas" },
  portal = home .. "/",
  hosts = { "my.cedarpower.test" },
  evidence = "modelled",
  timezone = "America/New_York",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },
  mfa = { policy = "relay", kinds = { "otp", "select" }, patterns = idp.patterns },
  errors = idp.errors,

  sign_in = function(s)
    idp:sign_in(s, site.page(s, s:get(home .. "/cedar/login"), "#login, form"))
  end,

  meters = function(s)
    local out, path = {}, "/api/meters?page=1"
    while type(path) == "string" do
      local answer = api.answer(s, s:get(home .. path))
      for _, row in ipairs(answer.meters) do out[#out + 1] = read_meter(row) end
      path = answer.next
    end
    if #out == 0 then return {}, "none" end
    return fold.meters(out)
  end,

  sign_out = function(s) idp:sign_out(s) end,
}
