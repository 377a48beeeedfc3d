-- meterkey.html
local html = require "meterkey.html"
local page = [[<html><head><title>T</title><script>no</script></head><body>
  <form id=f action="go?x=1" method=post><input name=a value=1><input type=password name=p></form>
  <ul><li class=x>One</li><li>Two</li></ul></body></html>]]

case("searched", function()
  local doc = html.parse(page)
  eq(doc:one("li.x"):text(), "One")
  eq(#doc:all("li"), 2)
  eq(doc:has("//li[2]"), true)
  eq(doc:has("table"), false)
  eq(doc:one("table", { optional = true }), nil)
  raises("adapter.selector_missed", doc.one, doc, "table")
  raises("selector", doc.all, doc, "li[")
  eq(doc:one("ul"):one("li"):text(), "One")
end)

case("text and writing", function()
  local doc = html.parse(page)
  eq(doc:text():find("One Two", 1, true) ~= nil, true)
  eq(doc:text():find("no", 1, true), nil)
  doc:one("li.x"):set("class", "y")
  eq(doc:html():find('class="y"', 1, true) ~= nil, true)
  eq(html.parse(""):text(), "")
end)

case("forms", function()
  local doc = html.parse(page)
  local form = doc:form("#f")
  eq(form.a, "1")
  form.a = "2"
  eq(form.a, "2")
  eq(doc:form():action() ~= nil, true)
  raises("adapter.form_missing", doc.form, doc, "#none")
end)

case("a document with a place", function()
  local doc = html.parse(page, { url = "https://a.test/b/c" })
  eq(doc:one("form"):attr("action"), "https://a.test/b/go?x=1")
  local based = html.parse('<base href="/d/"><form></form><form action="e">', { url = "https://a.test/b" })
  eq(based:all("form")[2]:attr("action"), "https://a.test/d/e")
  eq(html.parse(page):one("form"):attr("action"), "go?x=1")
  raises("not a URL", html.parse, page, { url = "nothing" })
end)

case("XML", function()
  local doc = html.parse("<A><b>1</b><B>2</B></A>", { xml = true })
  eq(doc:one("B"):text(), "2")
  refused("adapter.parse", "not XML", html.parse("<a><b></a>", { xml = true }))
end)

case("documents that nobody holds make room", function()
  local big = "<table>" .. ("<tr><td>cell<td>cell</tr>"):rep(30000) .. "</table>"
  for _ = 1, 12 do eq(#html.parse(big):all("table"), 1) end
end)

case("elements keep their document", function()
  local el = html.parse("<p>kept</p>"):one("p")
  for _ = 1, 2000 do html.parse("<p>other</p>") end
  eq(el:text(), "kept")
end)
