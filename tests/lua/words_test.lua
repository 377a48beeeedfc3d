-- Services, states and tariffs in the words of portals; rows that repeat a meter.
package.path = "tests/lua/?.lua;" .. package.path
local t = require "harness"
local service, tariff, fold = require "meterkey.service", require "meterkey.tariff", require "meterkey.fold"

for text, want in pairs {
  ELEC = "electric", E = "electric", Electricity = "electric", ["ELECTRICITY-1"] = "electric",
  ["Res. Electric Service"] = "electric",
  GAS = "gas", G = "gas", ["Natural Gas-1"] = "gas", ["NATURAL_GAS"] = "gas", STEAM = "steam", Water = "water",
  ["Waste water"] = "sewer",
  WASTEWATER = "sewer", ["Street light"] = "other", SOLAR = "other",
} do
  t.same(service.class(text), want, "class: " .. text)
end
t.same(service.class("Electric & Gas"), nil, "two services are no single one")
t.same(service.class(" "), nil, "nothing is no service")
t.same(service.class(nil), nil, "no text is no service")
for text, want in pairs {
  Active = "active", OPEN = "active", A = "active", Inactive = "closed", ["Final billed"] = "closed",
  Dormant = "closed", CLOSED = "closed",
  ["Active, closed 2024"] = "closed", ["Not active"] = "unknown", Pending = "unknown", [""] = "unknown",
} do
  t.same(service.status(text), want, "status: " .. text)
end
t.same(service.status(nil), "unknown", "no text tells no state")
t.same(tariff.code("  SC  1 "), "SC 1", "a tariff's blanks")
t.same(tariff.code("Rate: TOU-D-4-9PM"), "TOU-D-4-9PM", "a label in front")
t.same(tariff.code("Rate Schedule: GR"), "GR", "a longer label")
t.same(tariff.code("Residential Rate"), "Residential Rate", "a word that is no label")
t.same(tariff.code(7), "7", "a number")
t.same(tariff.code("\u{A0}Tarif \u{E0}\u{A0}2"), "Tarif \u{E0} 2", "a letter with a byte of the no-break space")
t.same(tariff.code("RATE PLAN :GR"), "GR", "a label that shouts")
for _, text in ipairs { "", "N/A", "none", "-", "  ", "Rate: None" } do
  t.same(tariff.code(text), nil, "no tariff: '" .. text .. "'")
end

local function gas(more)
  local meter = { account = "1", service = "gas" }
  for name, value in pairs(more) do meter[name] = value end
  return meter
end
local electric = { account = "1", service = "electric", meter = "M1" }
t.same(fold.meters { gas { meter = "M1" }, gas { meters = { "M1" }, tariff = "GR" }, electric },
  { gas { meter = "M1", tariff = "GR" }, electric }, "a repeated row")
t.same(#fold.meters { gas { point = "P1" }, gas { point = "P2" } }, 2, "two points are two")
t.same(fold.meters {}, {}, "none")
t.finish()
