-- PECO Energy, Philadelphia and around; one account may hold electricity and gas.
-- Portal facts: those of all Exelon portals.
return require "meterkey.idp.exelon" {
  id = "peco",
  name = "PECO",
  utility_id = "PECO",
  regions = { "PA" },
  services = { "electric", "gas" },
  timezone = "America/New_York",
  domain = "peco.com",
  widget = "peco",
  help_url = "https://www.peco.com/my-account/customer-support/faqs",
}
