-- meterkey.time
local time = require "meterkey.time"
local noon = 1795505405 -- 2026-11-24T07:30:05Z, a Tuesday

case("now is the host's", function() eq(time.now(), noon) end)

case("written", function()
  eq(time.format(noon), "2026-11-24T07:30:05Z")
  eq(time.format(noon, "%a, %d %b %Y %H:%M:%S %Z"), "Tue, 24 Nov 2026 07:30:05 GMT")
  eq(time.format(noon, "%A %B %e %I%p %y %j %u %s %z %% %F %T %m %M"), "Tuesday November 24 07AM 26 328 2 1795505405 +0000 % 2026-11-24 07:30:05 11 30")
  eq(time.format(0, "%I %p"), "12 AM")
  eq(time.format(-1), "1969-12-31T23:59:59Z")
  eq(time.format(0.75), "1970-01-01T00:00:00Z")
  raises("no conversion '%Q'", time.format, noon, "%Q")
  raises("no conversion", time.format, noon, "%")
  raises("1 to 9999", time.format, 1e15)
  raises("1 to 9999", time.format, 0 / 0)
end)

case("ISO 8601", function()
  eq(time.parse("2026-11-24T07:30:05Z"), noon)
  eq(time.parse("2026-11-24"), noon - 7 * 3600 - 30 * 60 - 5)
  eq(time.parse("20261124"), noon - 7 * 3600 - 30 * 60 - 5)
  eq(time.parse("2026-11-24 07:30:05"), noon)
  eq(time.parse("2026-11-24T08:30:05+01:00"), noon)
  eq(time.parse("2026-11-24T02:00:05-0530"), noon)
  eq(time.parse("2026-11-24T07:30:05.5Z"), noon + 0.5)
  eq(time.parse("2026-11-24T07:30:05.000Z"), noon)
  eq(time.parse("2024-02-29"), 1709164800)
end)

case("RFC 1123", function()
  eq(time.parse("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777)
  eq(time.parse("6 nov 1994 09:49:37 +0100"), 784111777)
end)

case("what is no date is refused", function()
  for _, text in ipairs({ "", "x", "2026", "2026-13-01", "2026-02-29", "2026-11-24T", "2026-11-24T25:00", "2026-11-24T07:30:05+1",
                          "11/24/2026", "2026-11-24T07:30:05Zx", "2026-11-24x", "Tuesday, 24 Nov 2026 07:30 GMT", "24 Foo 2026 07:30 GMT",
                          "2026-11-24T07:30:05.", "2026-1124" }) do
    refused("adapter.parse", "neither", time.parse(text))
  end
end)

case("calendar", function()
  eq(time.date(noon), { year = 2026, month = 11, day = 24, hour = 7, min = 30, sec = 5, wday = 3, yday = 328 })
  eq(time.date(-86400).day, 31)
  eq(time.date(951782400), { year = 2000, month = 2, day = 29, hour = 0, min = 0, sec = 0, wday = 3, yday = 60 })
  eq(time.seconds({ year = 2026, month = 11, day = 24, hour = 7, min = 30, sec = 5 }), noon)
  eq(time.seconds({ year = 1970, month = 1, day = 1 }), 0)
  eq(time.seconds({ year = 2026, month = 14, day = 0 }), time.seconds({ year = 2027, month = 1, day = 31 }))
  raises("day", time.seconds, { year = 2026, month = 1 })
  raises("whole number", time.seconds, { year = 2026.5, month = 1, day = 1 })
end)

case("every day of 400 years there and back", function()
  for t = -6000000000, 6631200000, 86400 * 13 do
    local d = time.date(t)
    if time.seconds(d) ~= t then error("day " .. t) end
  end
end)

case("added", function()
  local jan31 = time.seconds({ year = 2026, month = 1, day = 31 })
  eq(time.format(time.add(jan31, { months = 1 }), "%F"), "2026-02-28")
  eq(time.format(time.add(jan31, { months = -2 }), "%F"), "2025-11-30")
  eq(time.format(time.add(jan31, { years = 2, months = 1, days = 1 }), "%F"), "2028-03-01")
  eq(time.add(0, { hours = 1, minutes = 1, seconds = 1 }), 3661)
  raises("1 to 9999", time.add, 0, { years = 9000 })
end)
