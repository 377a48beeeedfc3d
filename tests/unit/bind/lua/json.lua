-- meterkey.json
local json = require "meterkey.json"

case("shapes and numbers", function()
  eq(json.decode('{"a":[1,2.5,"x",true,false]}'), { a = { 1, 2.5, "x", true, false } })
  eq(json.decode("9007199254740993"), 9007199254740993)
  eq(json.decode("123456789012345678901234567890"), "123456789012345678901234567890")
  eq(json.decode("1.0"), 1.0)
  eq(json.decode(' "bare" '), "bare")
end)

case("null is not nil", function()
  local value = json.decode('{"a":null}')
  eq(json.is_null(value.a), true)
  eq(value.a == json.null, true)
  eq(json.is_null(value.b), false)
  eq(json.is_null(false), false)
  eq(json.encode(value), '{"a":null}')
end)

case("arrays stay arrays", function()
  eq(json.encode(json.decode("[]")), "[]")
  eq(json.encode(json.decode("{}")), "{}")
  eq(json.encode({}), "{}")
  eq(json.encode(json.array()), "[]")
  eq(json.encode(json.array({ 1, 2 })), "[1,2]")
  eq(json.is_array(json.decode("[]")), true)
  eq(json.is_array({}), false)
  raises("without a metatable", json.array, setmetatable({}, {}))
end)

case("keys are sorted, integers exact", function()
  eq(json.encode({ b = 1, a = "é\n", c = { 1, 2.5 } }), '{"a":"é\\n","b":1,"c":[1,2.5]}')
  eq(json.encode(9007199254740993), "9007199254740993")
end)

case("paths", function()
  local text = '{"list":[{"id":1},{"id":2},{}],"odd name":{"x":null}}'
  eq(json.decode(text, "$.list[1].id"), 2)
  eq(json.decode(text, "$.list[*].id"), { 1, 2 })
  eq(json.encode(json.decode(text, "$.none[*]")), "[]")
  eq(json.decode(text, "$.list[9]"), nil)
  eq(json.is_null(json.decode(text, "$['odd name'].x")), true)
  raises("JSON path", json.decode, text, "list")
end)

case("what is no JSON", function()
  refused("adapter.parse", "line 2", json.decode("{\n'a':1}"))
  refused("adapter.parse", "", json.decode(""))
  refused("policy.budget", "", json.decode(("["):rep(100) .. ("]"):rep(100)))
  raises("string expected", json.decode, secret('{"a":1}'))
end)

case("what JSON lacks", function()
  raises("function", json.encode, { a = print })
  raises("infinity", json.encode, 1 / 0)
  raises("holes", json.encode, { 1, nil, 3 })
  raises("list and names", json.encode, { 1, a = 2 })
  local loop = {}
  loop.loop = loop
  raises("deep", json.encode, loop)
end)

case("opaque in, opaque out", function()
  local text = json.encode({ user = "u", password = secret('p"w') })
  eq(tostring(text), "***")
  eq(reveal(text), '{"password":"p\\"w","user":"u"}')
end)
