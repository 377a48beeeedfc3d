-- An endless loop in meters, after a sign-in that went well; sign_out is not run.
-- expect: policy.budget
-- within: 400 ms
-- says: of CPU
-- with: sign_out = function(s) s:get("/ok") end,
-- requests: 0
-- adapter: whole
return {
  api = 1, id = "hostile", name = "Hostile", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@HOST@" },
  evidence = "modelled",
  sign_in = function() end,
  meters = function() while true do end end,
  sign_out = function(s) s:get("/ok") end,
}
