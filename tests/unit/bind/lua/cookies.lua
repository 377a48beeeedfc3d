-- meterkey.cookies
local cookies = require "meterkey.cookies"

case("received and sent", function()
  local jar = cookies.new()
  eq(jar:add("https://www.a.test/x/y", "sid=1; Path=/; HttpOnly; Secure"), true)
  eq(jar:add("https://www.a.test/x/y", "deep=2; Path=/x; SameSite=Lax"), true)
  eq(jar:header("https://www.a.test/x/"), "deep=2; sid=1")
  eq(jar:header("https://www.a.test/"), "sid=1")
  eq(jar:header("http://www.a.test/"), "")
  eq(jar:header("https://other.test/"), "")
  eq(jar:get("sid"), "1")
  eq(jar:get("deep", "https://www.a.test/"), nil)
  local all = jar:all()
  eq(#all, 2)
  eq(all[1], { name = "sid", value = "1", domain = "www.a.test", path = "/", secure = true, http_only = true, host_only = true })
  eq(all[2].same_site, "lax")
end)

case("refused", function()
  local jar = cookies.new()
  refused("policy.host_denied", "another host", jar:add("https://a.test/", "a=b; Domain=b.test"))
  refused("policy.host_denied", "", jar:add("https://a.co.uk/", "a=b; Domain=co.uk"))
  refused("adapter.parse", "", jar:add("https://a.test/", ""))
  refused("policy.budget", "", jar:add("https://a.test/", "a=" .. ("x"):rep(5000)))
  refused("adapter.parse", "", jar:set({ name = "a;b", value = "c", domain = "a.test" }))
  raises("domain", jar.set, jar, { name = "a", value = "b" })
  raises("absolute URL", jar.header, jar, "/x")
  eq(#jar:all(), 0)
end)

case("set, expired, cleared", function()
  local jar = cookies.new()
  eq(jar:set({ name = "a", value = "1", domain = "a.test", expires = 1795505400 }), true)
  eq(jar:get("a", "https://a.test/"), nil)
  jar:set({ name = "b", value = "2", domain = "a.test" })
  jar:set({ name = "c", value = "3", domain = "a.test", path = "/c", secure = true })
  eq(jar:header("https://sub.a.test/c"), "c=3; b=2")
  jar:clear({ except = { "b" } })
  eq(#jar:all(), 1)
  jar:clear()
  eq(#jar:all(), 0)
end)

case("jars that nobody holds make room", function()
  local ballast = ("x"):rep(6000000) -- so that Lua itself sees no need to collect
  local lines = {}
  for i = 1, 50 do lines[i] = "n" .. i .. "=" .. ("v"):rep(3500) end
  for _ = 1, 500 do
    local jar = cookies.new()
    for _, line in ipairs(lines) do jar:add("https://a.test/", line) end
  end
  eq(#ballast, 6000000)
end)

case("opaque stays opaque", function()
  local jar = cookies.new()
  jar:set({ name = "device", value = secret("trust"), domain = "a.test" })
  eq(tostring(jar:header("https://a.test/")), "***")
  eq(reveal(jar:header("https://a.test/")), "device=trust")
  eq(tostring(jar:get("device")), "***")
  eq(tostring(jar:all()[1].value), "***")
end)
