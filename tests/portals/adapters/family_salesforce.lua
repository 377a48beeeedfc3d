-- Cedar Power, a made-up utility: a Salesforce community with a login controller of its own.
local reference, site = require "meterkey.reference", require "meterkey.site"

local home = "https://my.cedarpower.test"
local idp = require("meterkey.idp.salesforce") { site = home .. "/cedar", home = "#account-home",
  apex = { class = "CedarLoginController", login = "login", choose = "handleChoiceofMFA", verify = "verifySignInCode" } }

return reference {
  id = "family_salesforce", name = "Cedar Power", home = home, hosts = { "my.cedarpower.test" },
  idp = idp, kinds = { "otp", "select" },
  sign_in = function(s) idp:sign_in(s, site.page(s, s:get(home .. "/cedar/login"), "#login, form")) end,
  sign_out = function(s) idp:sign_out(s) end,
}
