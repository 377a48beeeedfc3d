-- A wildcard at a public suffix.
-- expect: refused
-- within: 300 ms
-- says: hosts
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "https://www.hostile.co.uk/",
  hosts = { "www.hostile.co.uk", "*.co.uk" }, evidence = "modelled",
  sign_in = function() end, meters = function() return {}, "none" end,
}
