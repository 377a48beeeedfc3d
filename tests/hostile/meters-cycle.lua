-- A list of meters that holds itself.
-- expect: adapter.parse
-- within: 600 ms
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@HOST@" },
  evidence = "modelled",
  sign_in = function() end,
  meters = function(s)
    local t = {}
    t[1] = t
    return t, s
  end,
}
