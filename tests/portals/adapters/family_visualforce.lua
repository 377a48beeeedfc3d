-- Juniper Power, a made-up utility: a Salesforce community with the sign-in that it came with.
local reference, site = require "meterkey.reference", require "meterkey.site"

local home = "https://my.juniperpower.test"
local idp = require("meterkey.idp.salesforce") { site = home .. "/cedar", home = "#account-home" }

return reference {
  id = "family_visualforce", name = "Juniper Power", home = home, hosts = { "my.juniperpower.test" },
  idp = idp, kinds = { "otp" },
  sign_in = function(s) idp:sign_in(s, site.page(s, s:get(home .. "/cedar/login"), "#login, form")) end,
  sign_out = function(s) idp:sign_out(s) end,
}
