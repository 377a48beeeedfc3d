-- Lakeshore Electric, a made-up utility: the portal hands over to Auth0's universal login.
local reference, site = require "meterkey.reference", require "meterkey.site"

local home = "https://www.lakeshore.test"
local idp = require("meterkey.idp.auth0") { host = "login.lakeshore.test" }

return reference {
  id = "family_auth0", name = "Lakeshore Electric", home = home, hosts = { "www.lakeshore.test", "login.lakeshore.test" },
  idp = idp, kinds = { "otp", "totp", "approve", "select" },

  sign_in = function(s)
    idp:restore(s)
    site.page(s, idp:sign_in(s, s:get(home .. "/account")), "#account-home")
  end,

  sign_out = function(s) s:get(home .. "/logout") end,
}
