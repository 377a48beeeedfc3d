-- Uses every module of the installed rock; arg: the origin of a test server. Prints a line for each check.
local origin = arg[1]
local failed = false

local function check(name, ok, why)
  if not ok then
    failed = true
    print(tostring(why))
  end
  print((ok and "ok - " or "not ok - ") .. name)
end

local meterkey = require "meterkey"
local http, json, html = require "meterkey.http", require "meterkey.json", require "meterkey.html"
local url, crypto, time = require "meterkey.url", require "meterkey.crypto", require "meterkey.time"
local regex, cookies, log = require "meterkey.regex", require "meterkey.cookies", require "meterkey.log"

check("json", json.encode(json.decode('{"b":[],"a":9007199254740993}')) == '{"a":9007199254740993,"b":[]}')
check("json: opaque", tostring(json.encode({ p = meterkey.secret("x") })) == "***")
check("html", html.parse("<ul><li>One<li>Two</ul>"):all("li")[2]:text() == "Two")
check("url", url.build({ host = "a.test", query = { q = "x y" } }) == "https://a.test/?q=x+y")
check("crypto", crypto.hex(crypto.sha256("abc")):sub(1, 8) == "ba7816bf" and crypto.uuid() ~= crypto.uuid())
check("time", time.format(0) == "1970-01-01T00:00:00Z" and math.abs(time.now() - os.time()) <= 2)
check("regex", regex.gsub("a1b2", [[(\d)]], "<$1>") == "a<1>b<2>")
local jar = cookies.new()
jar:add("https://a.test/", "a=b")
check("cookies", jar:header("https://a.test/x") == "a=b")
log.debug("nobody reads this")

local ok, why = pcall(function() return html.parse("<p>x"):one("table") end)
check("typed errors", not ok and why.code == "adapter.selector_missed" and tostring(why):find("^adapter.selector_missed: "), why)

local page, message, code = http.get(origin .. "/")
check("a private address is refused", page == nil and code == "policy.host_denied", message)
meterkey.open(origin)
page, message = http.get(origin .. "/")
check("an opened one is not", page and page.status == 200, message)
local form = page:form("#login")
form.user, form.password = "anna", meterkey.secret("secret word")
page, message = meterkey.submit(form)
check("form, redirect, cookie", page and page:one("#name"):text() == "Hello anna secret word", page and page.body or message)
check("relative URLs", page.url == origin .. "/home" and http.get("/data.json"):json("$.list[1].n") == 2)
check("query and body", http.post("/echo", { query = { a = 1 }, json = { b = 2 } }).body == 'POST /echo?a=1 {"b":2}')
page, message, code = http.get("/missing", { accept = 200 })
check("accept", page == nil and code == "adapter.unexpected_page", message)
page, message, code = http.get("/away")
check("a redirect to a private address is refused", page == nil and code:find("^policy%.") ~= nil, message)
meterkey.forget()
page = http.get(origin .. "/home")
check("cookies are forgotten", page and page.status == 403)

local thread = coroutine.wrap(function() return http.get(origin .. "/data.json").status end)
check("inside a coroutine", thread() == 200)
os.exit(not failed, true)
