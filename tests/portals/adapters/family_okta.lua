-- Brightwater Energy, a made-up utility: Okta's classic authentication behind the portal's own page, then SAML.
local reference, saml, site = require "meterkey.reference", require "meterkey.idp.saml", require "meterkey.site"

local home, org = "https://www.brightwater.test", "https://login.brightwater.test"
local idp = require("meterkey.idp.okta") { org = org,
  options = { multiOptionalFactorEnroll = true, warnBeforePasswordExpired = true } }

return reference {
  id = "family_okta", name = "Brightwater Energy", home = home, hosts = { "www.brightwater.test", "login.brightwater.test" },
  idp = idp, kinds = { "otp", "totp", "question", "approve", "select" },

  sign_in = function(s)
    site.page(s, s:get(home .. "/signin"), "#okta-signin")
    local token = idp:sign_in(s)
    local page = saml.pass(s, idp:start_session(s, token, org .. "/app/brightwater_1/exk1brightwater/sso/saml"))
    site.page(s, page, "#account-home")
  end,

  sign_out = function(s)
    idp:sign_out(s)
    s:get(home .. "/logout")
  end,
}
