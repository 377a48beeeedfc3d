-- Commonwealth Edison (ComEd), northern Illinois.
-- Portal facts: those of all Exelon portals; the sign-in pages are at secure1.comed.com. MFA by e-mail is mandatory for
-- those who never chose a way themselves, since the end of August 2025.
return require "meterkey.idp.exelon" {
  id = "comed",
  name = "Commonwealth Edison",
  utility_id = "ComEd",
  regions = { "IL" },
  services = { "electric" },
  timezone = "America/Chicago",
  domain = "comed.com",
  widget = "cec",
  help_url = "https://www.comed.com/my-account/customer-support/customer-support-faqs",
}
