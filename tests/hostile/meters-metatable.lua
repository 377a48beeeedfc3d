-- Meters whose fields come from a __index that never ends: nobody asks it.
-- expect: adapter.parse
-- within: 600 ms
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@HOST@" },
  evidence = "modelled",
  sign_in = function() end,
  meters = function(s)
    return { setmetatable({}, { __index = function() while true do end end, __pairs = function() while true do end end }) }, s
  end,
}
