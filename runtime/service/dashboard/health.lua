-- How adapters fare, as figures and charts: attempts, success, MFA, failures by code, time to the code page.
local chart = require "service.dashboard.chart"
local db = require "service.db"
local health = require "service.health"
local own = {}

local HOUR = 3600
own.RANGES = { { "24", "24 hours" }, { "168", "7 days" }, { "720", "30 days" } }
local STEP = { ["24"] = HOUR, ["168"] = 6 * HOUR, ["720"] = 24 * HOUR }
local CODES = 4 -- shown by name; the rest is "other"
local TIMED = 5000 -- sessions that a median is taken of, the newest

local function failures(codes)
  local sum = 0
  for _, n in pairs(codes) do sum = sum + n end
  return sum
end

local function add(into, row)
  for _, name in ipairs { "attempts", "successes", "asked", "asked_ms" } do
    into[name] = (into[name] or 0) + row[name]
  end
  into.codes = into.codes or {}
  for code, n in pairs(row.codes) do into.codes[code] = (into.codes[code] or 0) + n end
  return into
end

-- Shares of a sum; nil where there is nothing to divide by.
local function rates(sum)
  local failed = failures(sum.codes or {})
  local ended = (sum.successes or 0) + failed
  sum.failed = failed
  sum.success_rate = ended > 0 and sum.successes / ended or nil
  sum.mfa_rate = (sum.attempts or 0) > 0 and math.min(1, sum.asked / sum.attempts) or nil
  for code, n in pairs(sum.codes or {}) do
    if not sum.top or n > sum.codes[sum.top] or n == sum.codes[sum.top] and code < sum.top then sum.top = code end
  end
  return sum
end

function own.percent(share) return share and ("%.0f %%"):format(share * 100) or "-" end

-- utility -> sums of the last hours.
function own.by_utility(range)
  local out = {}
  for _, row in ipairs(health.list(tonumber(range))) do out[row.utility] = add(out[row.utility] or {}, row) end
  for _, sum in pairs(out) do rates(sum) end
  return out
end

-- Sums by version, the newest first.
function own.by_version(rows)
  local by, order = {}, {}
  for _, row in ipairs(rows) do
    if not by[row.version] then
      by[row.version] = { version = row.version }
      table.insert(order, 1, by[row.version])
    end
    add(by[row.version], row)
    by[row.version].last = row.hour * HOUR * 1000000
  end
  for _, sum in ipairs(order) do rates(sum) end
  return order
end

local function median(list)
  if #list == 0 then return nil end
  table.sort(list)
  local half = #list // 2
  return #list % 2 == 1 and list[half + 1] or (list[half] + list[half + 1]) / 2
end

-- Buckets of a range, all of them, oldest first: {at (seconds), text, attempts ...}.
local function buckets(rows, range, step, from)
  local out = {}
  for i = 1, tonumber(range) * HOUR // step do
    local at = from + (i - 1) * step
    out[i] = { at = at, text = os.date(step < 24 * HOUR and "!%d %b %H:%M" or "!%d %b", at), attempts = 0,
      successes = 0, asked = 0, codes = {} }
  end
  for _, row in ipairs(rows) do
    local bucket = out[(row.hour * HOUR - from) // step + 1]
    if bucket then add(bucket, row) end
  end
  for _, bucket in ipairs(out) do rates(bucket) end
  return out
end

-- The codes that failed most, in order.
local function top_codes(rows)
  local sum, list = add({ codes = {} }, { attempts = 0, successes = 0, asked = 0, asked_ms = 0, codes = {} }), {}
  for _, row in ipairs(rows) do add(sum, row) end
  for code in pairs(sum.codes) do list[#list + 1] = code end
  table.sort(list, function(a, b)
    if sum.codes[a] ~= sum.codes[b] then return sum.codes[a] > sum.codes[b] end
    return a < b
  end)
  return list
end

local function times(utility, version, from, step, list)
  local by, sql = {}, [[SELECT asked, started, version FROM sessions WHERE utility = ?1 AND asked > ?2
    ORDER BY asked DESC LIMIT ?3]]
  for _, row in ipairs(db.rows(sql, utility, from * 1000000, TIMED)) do
    local i = (row.asked // 1000000 - from) // step + 1
    if row.started and list[i] and (not version or row.version == version) then
      by[i] = by[i] or {}
      table.insert(by[i], (row.asked - row.started) / 1000000)
    end
  end
  for i, bucket in ipairs(list) do bucket.seconds, bucket.timed = median(by[i] or {}), #(by[i] or {}) end
end

local function points(list, values)
  local out = {}
  for i, bucket in ipairs(list) do out[i] = { at = bucket.at, text = bucket.text, values = values(bucket) } end
  return out
end

-- A chart and the table behind it: columns' names, cells(bucket).
local function figure(common, title, options, values, names, cells)
  local c = { title = title, points = points(common.list, values) }
  for key, value in pairs(common) do c[key] = value end
  for key, value in pairs(options) do c[key] = value end
  local rows = {}
  for _, bucket in ipairs(common.list) do
    if bucket.attempts > 0 or bucket.seconds or failures(bucket.codes) > 0 or bucket.successes > 0 then
      rows[#rows + 1] = { bucket.text, cells(bucket) }
    end
  end
  return { title = title, svg = chart.svg(c), names = names, rows = rows, legend = options.names,
    class = options.class }
end

local function by_code(common, codes)
  local names = table.move(codes, 1, math.min(#codes, CODES), 1, {})
  local shown = {}
  for i, code in ipairs(names) do shown[code] = i end
  if #codes > CODES then names[#names + 1] = "other" end
  local function values(bucket)
    local out = {}
    for i = 1, #names do out[i] = 0 end
    for code, n in pairs(bucket.codes) do
      local at = shown[code] or #names
      out[at] = out[at] + n
    end
    return out
  end
  return figure(common, "Failures by code", { kind = "bars", names = names, class = "failures" }, values, names,
    function(b) return table.unpack(values(b)) end)
end

local function share(value) return ("%.0f %%"):format(value * 100) end

-- All charts of a utility. reloads: of adapters.history.
function own.charts(utility, range, version, rows, reloads)
  local step = STEP[range]
  local now = host.now() // 1000000
  local from = (now // step + 1) * step - tonumber(range) * HOUR
  local list, marks = buckets(rows, range, step, from), {}
  times(utility, version, from, step, list)
  for _, r in ipairs(reloads) do
    marks[#marks + 1] = { at = r.ts // 1000000, kind = r.what, text = r.what
      .. (r.version and " " .. r.version:sub(1, 8) or "") .. (r.reason and ": " .. r.reason or "") }
  end
  local common = { list = list, from = from, to = from + tonumber(range) * HOUR, step = step, marks = marks }
  local seconds = function(v) return ("%.3g s"):format(v) end
  return {
    figure(common, "Attempts", { kind = "bars", names = { "succeeded", "failed", "under way" } },
      function(b) return { b.successes, b.failed, math.max(0, b.attempts - b.successes - b.failed) } end,
      { "Begun", "Succeeded", "Failed" }, function(b) return b.attempts, b.successes, b.failed end),
    figure(common, "Success rate", { kind = "line", most = 1, label = share },
    function(b) return { b.success_rate } end,
      { "Of those that ended" }, function(b) return own.percent(b.success_rate) end),
    figure(common, "MFA rate", { kind = "line", most = 1, label = share }, function(b) return { b.mfa_rate } end,
      { "Asked for a code or the like" }, function(b) return own.percent(b.mfa_rate) end),
    by_code(common, top_codes(rows)),
    figure(common, "Median time to the code page", { kind = "line", label = seconds },
    function(b) return { b.seconds } end,
      { "Seconds", "Sessions" }, function(b) return b.seconds and ("%.1f"):format(b.seconds) or "-", b.timed end),
  }
end

return own
