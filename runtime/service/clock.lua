-- Times: microseconds since the epoch inside, ISO 8601 outside.
local clock = {}

function clock.now() return host.now() end

-- "2026-03-02T09:15:44.120031+00:00"; nil for nil.
function clock.iso(us)
  if not us then return nil end
  return os.date("!%Y-%m-%dT%H:%M:%S", us // 1000000) .. (".%06d+00:00"):format(us % 1000000)
end

-- Days since 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant's days_from_civil).
local function days(year, month, day)
  year = month <= 2 and year - 1 or year
  local era = year // 400
  local of_era = year - era * 400
  local of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

-- ISO 8601 with Z or an offset, or a date alone (midnight UTC) -> us, or nil. A blank in place of T and AM/PM are refused, as the
-- documented API does.
function clock.parse(text)
  if type(text) ~= "string" then return nil end
  local y, m, d, rest = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  if not y then return nil end
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  if m < 1 or m > 12 or d < 1 or days(y, m, d) >= days(m == 12 and y + 1 or y, m % 12 + 1, 1) then return nil end
  local base = days(y, m, d) * 86400
  if rest == "" then return base * 1000000 end
  local hour, minute, second, fraction, zone = rest:match("^T(%d%d):(%d%d):?(%d?%d?)%.?(%d*)(.*)$")
  if not hour then return nil end
  local offset = zone == "Z" and 0 or nil
  local sign, zh, zm = zone:match("^([+-])(%d%d):?(%d%d)$")
  if sign then offset = (tonumber(zh) * 60 + tonumber(zm)) * (sign == "-" and -60 or 60) end
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second) or 0
  if not offset or hour > 23 or minute > 59 or second > 60 then return nil end
  local micro = tonumber((fraction .. "000000"):sub(1, 6))
  return (base + hour * 3600 + minute * 60 + second - offset) * 1000000 + micro
end

local SECONDS, MONTHS = { h = 3600, d = 86400, w = 7 * 86400 }, { m = 1, y = 12 }

-- A time (us) later by so many months, on the same day of the month or on its last.
local function months_later(us, count)
  local second = us // 1000000
  local at = os.date("!*t", second)
  local month = at.year * 12 + at.month - 1 + count
  local year = month // 12
  month = month % 12 + 1
  local first, next_first = days(year, month, 1), days(month == 12 and year + 1 or year, month % 12 + 1, 1)
  local day = math.min(first + at.day - 1, next_first - 1)
  return (day * 86400 + second % 86400) * 1000000 + us % 1000000
end

-- A time (us) later by "7d", "3y"; months and years go by the calendar. nil if the text is no duration.
function clock.later(us, text)
  local count, unit = tostring(text):match("^(%d+)([hdwmy])$")
  count = tonumber(count)
  if not count or count < 1 or count > 1000 then return nil end
  if MONTHS[unit] then return months_later(us, count * MONTHS[unit]) end
  return us + count * SECONDS[unit] * 1000000
end

return clock
