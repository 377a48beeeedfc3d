-- meterkey.regex
local regex = require "meterkey.regex"

case("match: numbered and named", function()
  eq(regex.match("a=1; b=22", [[(\w)=(\d\d)]]), { "b", "22" })
  eq(regex.match("a=1", [[(?<name>\w)=(?<value>\d)]]), { "a", "1", name = "a", value = "1" })
  eq(regex.match("xyz", "y"), { "y" })
  eq(regex.match("xyz", "q"), nil)
  eq(regex.match("b", "(a)|(b)"), { false, "b" })
  eq(regex.match("ABC", "abc", "i"), { "ABC" })
  eq(regex.match("aXa", "a", nil, 2), { "a" })
  eq(regex.match("aXa", "a", nil, 9), nil)
end)

case("find: positions as string.find", function()
  local from, to, captures = regex.find("über 12", [[(\d+)]])
  eq({ from, to, captures }, { 7, 8, { "12" } })
  eq({ regex.find("abcabc", "b", nil, 3) }, { 5, 5, { "b" } })
  eq({ regex.find("abcabc", "b", nil, -2) }, { 5, 5, { "b" } })
  eq(regex.find("abc", "x"), nil)
end)

case("compiled", function()
  local re = assert(regex.compile([[(?<k>\w+)=(\d+)]], "i"))
  eq(re:match("x=1"), { "x", "1", k = "x" })
  eq(re:match("x=1 y=2", 3), { "y", "2", k = "y" })
  eq({ re:find("  x=1") }, { 3, 5, { "x", "1", k = "x" } })
  eq(regex.match("x=1", re).k, "x")
  eq(tostring(re), [[regex (?<k>\w+)=(\d+)]])
  refused("adapter.bug", "offset", regex.compile("(a"))
  raises("offset", regex.match, "a", "(a")
  refused("adapter.bug", "", regex.compile("a", "q"))
  eq(getmetatable(re), false)
end)

case("gmatch", function()
  local found = {}
  for m in regex.gmatch("a1 b2 c3", [[(\w)(\d)]]) do found[#found + 1] = m[1] .. m[2] end
  eq(found, { "a1", "b2", "c3" })
  local empty = 0
  for _ in regex.gmatch("üü", "x*") do empty = empty + 1 end
  eq(empty, 3)
  found = {}
  for m in regex.compile("[a-z]+"):gmatch("ab cd") do found[#found + 1] = m[1] end
  eq(found, { "ab", "cd" })
end)

case("gsub", function()
  eq({ regex.gsub("a-b-c", "-", "+") }, { "a+b+c", 2 })
  eq({ regex.gsub("a-b-c", "-", "+", 1) }, { "a+b-c", 1 })
  eq(regex.gsub("john smith", [[(?<first>\w+) (?<last>\w+)]], "${last}, $1 $$ $0"), "smith, john $ john smith")
  eq(regex.gsub("a1b2", [[\d]], function(m) return m[1] == "1" and "one" end), "aoneb2")
  eq(regex.gsub("a1b2", [[\d]], { ["2"] = "two" }), "a1btwo")
  eq(regex.gsub("AbA", "a", "x", nil, "i"), "xbx")
  eq(regex.gsub("abc", "x*", "-"), "-a-b-c-")
  eq({ regex.compile("b"):gsub("abb", "x", 1) }, { "axb", 1 })
  eq(regex.gsub("üx", "(q)?", "$1"), "üx")
  raises("no group 2", regex.gsub, "a", "(a)", "$2")
  raises("of that name", regex.gsub, "a", "(a)", "${x}")
  raises("must be $$", regex.gsub, "a", "a", "$")
  raises("as replacement", regex.gsub, "a", "a", function() return {} end)
  raises("expected", regex.gsub, "a", "a")
end)

case("escape", function()
  local odd = "a.b*[c](d)\\{e}^$|?+-#& \t\n\0ü"
  eq(regex.match("x" .. odd .. "y", "^x" .. regex.escape(odd) .. "y$"), { "x" .. odd .. "y" })
  eq(regex.match("x" .. odd .. "y", "^x" .. regex.escape(odd) .. "y$", "x"), { "x" .. odd .. "y" })
end)

case("many patterns in one session", function()
  for i = 1, 600 do eq(regex.match("n" .. i, "n" .. i), { "n" .. i }) end
end)

case("patterns that nobody holds make room", function()
  local ballast = ("x"):rep(6000000) -- so that Lua itself sees no need to collect
  for i = 1, 2000 do assert(regex.compile(("(?:%dabcdefghijk|d){1500}"):format(i))) end
  eq(#ballast, 6000000)
end)

case("a failing gsub gives its memory back", function()
  local text = ("x"):rep(2000000) .. "y"
  for _ = 1, 20 do raises("stop", regex.gsub, text, "x*(y?)", function(m) if m[1] == "y" then error("stop") end return text end) end
end)

case("opaque values are not searched", function()
  raises("string expected", regex.match, secret("x"), "x")
end)
