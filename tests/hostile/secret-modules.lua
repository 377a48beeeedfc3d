-- A secret given to every function of every module: whatever comes back is opaque.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local p = s.credentials.password
local modules = { require "meterkey.cookies", require "meterkey.regex", require "meterkey.html", require "meterkey.json", require "meterkey.crypto",
  require "meterkey.time", require "meterkey.log" }
local function look(v, depth)
  if type(v) == "string" or type(v) == "userdata" then opaque(v) end
  if type(v) == "table" and depth < 4 then for a, b in pairs(v) do look(a, depth + 1) look(b, depth + 1) end end
end
for _, module in ipairs(modules) do
  for k, f in pairs(module) do
    if type(f) == "function" then
      for _, args in ipairs({ { p }, { p, p }, { "x", p }, { p, "x" }, { { p } }, { { p = p } }, { "(.*)", p }, { "hex", p }, { p, "hex" }, { p, 1, 3 },
          { "{{}}", p }, { p, "(.*)" }, { p, "", "x" }, { "x", "x", p } }) do
        look(table.pack(pcall(f, table.unpack(args))), 0)
      end
    end
  end
end
