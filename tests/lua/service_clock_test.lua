-- Times as the API writes and takes them.
package.path = "tests/lua/?.lua;runtime/?.lua;" .. package.path
local t = require "harness"
local clock = require "service.clock"

for text, us in pairs {
  ["2026-03-02T09:15:44.120031+00:00"] = 1772442944120031, ["2026-03-02T04:15:44-05:00"] = 1772442944000000,
  ["2026-03-02T09:15:44Z"] = 1772442944000000, ["1970-01-01"] = 0, ["2024-02-29"] = 1709164800000000,
  ["2026-12-31"] = 1798675200000000,
} do t.same(clock.parse(text), us, "parse " .. text) end
t.same(clock.iso(1772442944120031), "2026-03-02T09:15:44.120031+00:00", "written with microseconds and an offset")

for _, text in ipairs { "", "2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-03-02 09:15:44Z",
                        "2026-03-02T09:15:44", "2026-03-02T24:00:00Z", "03/02/2026", "2026-03-02T9:15 AM", "2026-01-32" } do
  t.same(clock.parse(text), nil, "no time: " .. text)
end

for _, case in ipairs {
  { "2026-03-02T09:15:44.120031Z", "7d", "2026-03-09T09:15:44.120031+00:00" },
  { "2026-03-02T09:15:44Z", "2w", "2026-03-16T09:15:44.000000+00:00" },
  { "2026-03-02T23:59:59.000001Z", "3y", "2029-03-02T23:59:59.000001+00:00" }, -- over a leap day
  { "2028-02-29T00:00:00Z", "1y", "2029-02-28T00:00:00.000000+00:00" },
  { "2026-10-31T12:00:00Z", "1m", "2026-11-30T12:00:00.000000+00:00" },
  { "2026-11-30T12:00:00Z", "1m", "2026-12-30T12:00:00.000000+00:00" },
  { "2026-12-31T12:00:00Z", "14m", "2028-02-29T12:00:00.000000+00:00" },
} do t.same(clock.iso(clock.later(clock.parse(case[1]), case[2])), case[3], case[2] .. " after " .. case[1]) end
for _, text in ipairs { "0d", "3 y", "", "d", "5000y" } do t.same(clock.later(0, text), nil, "no duration: " .. text) end
t.finish()
