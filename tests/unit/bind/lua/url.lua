-- meterkey.url
local url = require "meterkey.url"

case("taken apart", function()
  eq(url.parse("HTTPS://Www.Example.test:8443/a/../b?x=1#top"),
     { scheme = "https", host = "www.example.test", port = 8443, path = "/b", query = "x=1", fragment = "top" })
  eq(url.parse("http://example.test").port, 80)
  eq(url.parse("myapp:callback?code=1").scheme, "myapp")
  refused("adapter.parse", "not a URL", url.parse("/relative"))
  refused("adapter.parse", "not a URL", url.parse("https://exa mple/"))
end)

case("resolved", function()
  eq(url.resolve("https://a.test/b/c?d", "../e#f"), "https://a.test/e#f")
  eq(url.resolve("https://a.test/b/c?d", "//h.test"), "https://h.test/")
  eq(url.resolve("https://a.test/b/c?d", "?q"), "https://a.test/b/c?q")
  refused("adapter.parse", "", url.resolve("nothing", "x"))
  refused("adapter.parse", "", url.resolve("https://a.test/", "https://"))
end)

case("origin", function()
  eq(url.origin("https://A.test:443/x"), "https://a.test")
  eq(url.origin("http://a.test:8080/x"), "http://a.test:8080")
  refused("adapter.parse", "", url.origin("mailto:x"))
end)

case("built", function()
  eq(url.build({ host = "a.test" }), "https://a.test/")
  eq(url.build({ scheme = "http", host = "a.test", port = 81, path = "x y", query = { b = "ü", a = 1 }, fragment = "z" }),
     "http://a.test:81/x%20y?a=1&b=%C3%BC#z")
  eq(url.build({ host = "a.test", query = "q=1" }), "https://a.test/?q=1")
  eq(url.build(url.parse("https://a.test/b?c=d#e")), "https://a.test/b?c=d#e")
  raises("host", url.build, { path = "/" })
  refused("adapter.parse", "", url.build({ host = "a b" }))
end)

case("percent-encoding", function()
  eq(url.encode("a b/ü~*"), "a%20b%2F%C3%BC~%2A")
  eq(url.encode("a b~*", true), "a+b%7E*")
  eq(url.decode("a%20b+c"), "a b+c")
  eq(url.decode("a%20b+c", true), "a b c")
  refused("adapter.parse", "", url.decode("%zz"))
  eq(reveal(url.encode(secret("a b"))), "a%20b")
end)

case("queries", function()
  eq(url.query({ b = "2 3", a = true }), "a=true&b=2+3")
  eq(url.query({ { "b", 1 }, { "a", "x" }, { "b", 2 } }), "b=1&a=x&b=2")
  eq(url.query({}), "")
  raises("name, value", url.query, { "a" })
  raises("value in a query", url.query, { a = {} })
end)

case("queries read", function()
  local first, all = url.parse_query("?a=1&b=x+y%21&a=2&c&bad=%zz&&")
  eq(first, { a = "1", b = "x y!", c = "", bad = "%zz" })
  eq(all, { { "a", "1" }, { "b", "x y!" }, { "a", "2" }, { "c", "" }, { "bad", "%zz" } })
  eq(url.parse_query(""), {})
end)
