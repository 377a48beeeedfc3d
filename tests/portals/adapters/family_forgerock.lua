-- Hillcrest Electric, a made-up utility: the portal hands over to a ForgeRock manager, whose page calls its tree by REST.
local reference, site = require "meterkey.reference", require "meterkey.site"

local home, am = "https://www.hillcrest.test", "https://login.hillcrest.test"
local idp = require("meterkey.idp.forgerock") { am = am .. "/am", realm = "customers", tree = "Login",
  headers = { Origin = am } }

return reference {
  id = "family_forgerock", name = "Hillcrest Electric", home = home,
  hosts = { "www.hillcrest.test", "login.hillcrest.test" },
  idp = idp, kinds = { "otp", "totp", "question", "approve", "select", "acknowledge" },

  sign_in = function(s)
    site.page(s, s:get(home .. "/account"), "#wrapper")
    idp:sign_in(s)
    site.page(s, s:get(home .. "/signin"), "#account-home")
  end,

  sign_out = function(s)
    idp:sign_out(s)
    s:get(home .. "/logout")
  end,
}
