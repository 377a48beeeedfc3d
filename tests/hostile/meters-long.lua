-- A meter whose number is megabytes long.
-- expect: adapter.parse
-- within: 600 ms
-- limit: burst_us=500000
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@HOST@" },
  evidence = "modelled",
  sign_in = function() end,
  meters = function(s)
    return { { account = string.rep("1", 4000000), meter = "1", service = "electric" } }, s
  end,
}
