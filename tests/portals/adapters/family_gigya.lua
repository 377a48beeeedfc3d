-- Prairie Light, a made-up utility: the portal's own page signs in at Gigya and hands its token to the portal.
local reference, site = require "meterkey.reference", require "meterkey.site"

local home = "https://www.prairie.test"
local idp = require("meterkey.idp.gigya") { data_center = "eu1" }

return reference {
  id = "family_gigya", name = "Prairie Light", home = home, hosts = { "www.prairie.test", "accounts.eu1.gigya.com" },
  idp = idp, kinds = { "otp", "totp", "select" },

  sign_in = function(s)
    idp:restore(s)
    local session = idp:sign_in(s, site.page(s, s:get(home .. "/signin"), "#screen-set"))
    site.page(s, s:post(home .. "/session", { form = { login_token = session.login_token } }), "#account-home")
  end,

  sign_out = function(s)
    idp:sign_out(s)
    s:get(home .. "/logout")
  end,
}
