-- meterkey.http
local http = require "meterkey.http"

case("a page aside", function()
  local page = http.get("/accounts", { query = { n = 1 } })
  eq({ sent() }, { "GET https://portal.example/accounts?n=1 ", true })
  eq(page.status, 200)
  eq(page:one("#a"):text(), "Hello")
  http.post("https://other.example/x", { json = { a = 1 } })
  eq(sent(), 'POST https://other.example/x {"a":1}')
  http.request("PUT", "/y", { body = "z", type = "text/plain" })
  eq(sent(), "PUT https://portal.example/y z")
end)

case("the world's faults are returned", function()
  fault("net.timeout")
  refused("net.timeout", "it went wrong", http.get("/"))
  fault()
  eq(http.get("/").status, 200)
end)

case("mistakes are raised", function()
  raises("opts has no 'qeury'", http.get, "/", { qeury = {} })
  raises("capitals", http.request, "get", "/")
  raises("not allowed", http.request, "TRACE", "/")
  raises("string expected", http.get)
  raises("cannot wait", table.sort, { 1, 2, 3 }, function() return http.get("/") end)
end)
