-- A million meters.
-- expect: policy.budget
-- within: 900 ms
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@HOST@" },
  evidence = "modelled",
  sign_in = function() end,
  meters = function(s)
    local t = {}
    for i = 1, 1000000 do t[i] = { account = "1", meter = tostring(i), service = "electric" } end
    return t, s
  end,
}
