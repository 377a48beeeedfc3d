-- Atlantic City Electric (ACE), southern New Jersey.
-- Portal facts: those of all Exelon portals. Unlike Pepco and Delmarva it has one usage widget for everybody.
return require "meterkey.idp.exelon" {
  id = "ace",
  name = "Atlantic City Electric",
  utility_id = "ACE",
  regions = { "NJ" },
  services = { "electric" },
  timezone = "America/New_York",
  domain = "atlanticcityelectric.com",
  widget = "ace",
}
