-- Whom limits count by, and that they count in bounded memory.
package.path = "tests/lua/?.lua;runtime/?.lua;" .. package.path
local t = require "harness"
local now = 0
_G.host = { config = { trust_proxy = true, url = "", listen = "127.0.0.1:8080" }, now = function() return now end }
local limit = require "service.limit"
local web = require "service.web"

local function from(text) return { headers = { ["x-forwarded-for"] = text }, peer = "192.0.2.1" } end

for text, address in pairs {
  ["203.0.113.9"] = "203.0.113.9", ["198.51.100.7, 203.0.113.9"] = "203.0.113.9", ["198.51.100.7,203.0.113.9 "] = "203.0.113.9",
  ["203.0.113.9:4711"] = "203.0.113.9",
  ["[2001:db8::7]:4711"] = "2001:db8::7", ['"[2001:db8::7]"'] = "2001:db8::7", ["2001:db8::7"] = "2001:db8::7",
  ["unknown"] = "192.0.2.1", ["_hidden"] = "192.0.2.1", [""] = "192.0.2.1", ["203.0.113.9,"] = "192.0.2.1", [("9"):rep(46)] = "192.0.2.1",
  ["<b>"] = "192.0.2.1",
} do t.same(web.peer(from(text)), address, "address of " .. text) end

for text, network in pairs {
  ["203.0.113.9"] = "203.0.113.9",
  ["2001:db8:1:2:3:4:5:6"] = "2001:db8:1:2::/64", ["2001:db8:1:2::"] = "2001:db8:1:2::/64", ["2001:DB8::7"] = "2001:db8:0:0::/64",
  ["2001:db8:0001:0002::7"] = "2001:db8:1:2::/64", ["::1"] = "0:0:0:0::/64", ["::"] = "0:0:0:0::/64", ["1::3:4:5:6:7:8"] = "1:0:3:4::/64",
  ["::ffff:203.0.113.9"] = "::ffff:203.0.113.9", [":"] = "0:0:0:0::/64", [":::"] = "0:0:0:0::/64", ["1:2"] = "1:2:0:0::/64",
} do t.same(web.network(from(text)), network, "network of " .. text) end

t.same(limit.take("a", 2, 60), true, "the first")
t.same(limit.take("a", 2, 60), true, "the second")
t.same(limit.take("a", 2, 60), false, "not the third")
local before, most = os.clock(), 0
for i = 1, 250000 do
  now = now + 1
  limit.take("from " .. i, 2, 600)
  most = math.max(most, limit.count())
end
t.same(most <= 100000, true, "at most so many are kept: " .. most)
t.same(os.clock() - before < 20, true, "and quickly")
now = now + 700 * 1000000
for i = 1, 100000 do limit.take("later " .. i, 2, 600) end
t.same(limit.count() <= 100000, true, "old ones went")
t.finish()
