-- Clearfield Power, a made-up utility: the portal hands over to Okta's hosted page of the Identity Engine.
local reference, site = require "meterkey.reference", require "meterkey.site"

local home = "https://www.clearfield.test"
local idp = require("meterkey.idp.okta_idx") { org = "https://login.clearfield.test" }

return reference {
  id = "family_okta_idx", name = "Clearfield Power", home = home, hosts = { "www.clearfield.test", "login.clearfield.test" },
  idp = idp, kinds = { "otp", "totp", "question", "approve", "select" },

  sign_in = function(s)
    idp:restore(s)
    site.page(s, idp:sign_in(s, s:get(home .. "/account")), "#account-home")
  end,

  sign_out = function(s)
    idp:sign_out(s)
    s:get(home .. "/logout")
  end,
}
