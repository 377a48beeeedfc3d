-- Meters nested without end.
-- expect: adapter.parse
-- within: 2000 ms
-- limit: burst_us=1500000
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@HOST@" },
  evidence = "modelled",
  sign_in = function() end,
  meters = function(s)
    local t = {}
    local at = t
    for _ = 1, 100000 do
      at[1] = {}
      at = at[1]
    end
    return t, s
  end,
}
