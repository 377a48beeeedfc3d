-- A password given out as a meter.
-- expect: adapter.parse
-- within: 600 ms
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@HOST@" },
  evidence = "modelled",
  sign_in = function() end,
  meters = function(s)
    return { { account = s.credentials.password, meter = "1", service = "electric" } }
  end,
}
