-- How each adapter fares, by the hour; and the breaker that lets a utility rest when its site is not well.
local db = require "service.db"
local settings = require "service.settings"
local health = {}

local HOUR, MINUTE = 3600 * 1000000, 60 * 1000000

local function bump(utility, version, changes)
  local hour = host.now() // HOUR
  db.run([[INSERT INTO health (utility, version, hour) VALUES (?1, ?2, ?3) ON CONFLICT (utility, version, hour) DO NOTHING]],
    utility, version, hour)
  local row = db.row("SELECT * FROM health WHERE utility = ?1 AND version = ?2 AND hour = ?3", utility, version, hour)
  local values = {}
  for name, by in pairs(changes) do
    if name ~= "code" then values[name] = row[name] + by end
  end
  if changes.code then
    local codes = db.json(row.codes)
    codes[changes.code] = (codes[changes.code] or 0) + 1
    values.codes = codes
  end
  db.update("health", { utility = utility, version = version, hour = hour }, values)
end

function health.began(session) bump(session.utility, session.version, { attempts = 1 }) end

-- The first question of a session: ms since it began.
function health.asked(session, ms) bump(session.utility, session.version, { asked = 1, asked_ms = ms }) end

-- A breaker opens after so many failures of the site in a row (config breaker_failures), for breaker_minutes.
local function breaker(utility, code)
  local key = "failures:" .. utility
  local of_site = code and (code:find("^site%.") or code:find("^net%.")) and code ~= "site.permission"
  if not of_site then
    if settings.get(key) then settings.set(key, nil) end
    return
  end
  local count = (settings.get(key) or 0) + 1
  settings.set(key, count)
  if count >= host.config.breaker_failures then
    settings.set("rest:" .. utility, host.now() + host.config.breaker_minutes * MINUTE)
    host.log("warn", ("%s rests: %d failures of its site in a row, the last %s"):format(utility, count, code), "breaker")
  end
end

-- code: nil for success.
function health.ended(session, code)
  bump(session.utility, session.version, code and { code = code } or { successes = 1 })
  breaker(session.utility, code)
end

-- Until when a utility rests (us), or nil.
function health.resting(utility)
  local till = settings.get("rest:" .. utility)
  return till and till > host.now() and till or nil
end

-- What is older becomes one row, hour 0: a counter that went down would look to Prometheus as if it had begun anew. A version of which
-- nothing newer is there goes.
function health.retain(before)
  local hour = before // HOUR
  db.run([[INSERT INTO health (utility, version, hour, attempts, successes, asked, asked_ms)
    SELECT utility, version, 0, sum(attempts), sum(successes), sum(asked), sum(asked_ms) FROM health WHERE hour < ?1 GROUP BY utility, version
    ON CONFLICT (utility, version, hour) DO UPDATE SET attempts = excluded.attempts, successes = excluded.successes, asked = excluded.asked,
    asked_ms = excluded.asked_ms]], hour)
  db.run("DELETE FROM health WHERE hour < ?1 AND hour > 0", hour)
  db.run([[DELETE FROM health WHERE hour = 0 AND NOT EXISTS
    (SELECT 1 FROM health n WHERE n.utility = health.utility AND n.version = health.version AND n.hour > 0)]])
end

-- Rows of the last hours: {utility, version, hour, attempts, successes, asked, asked_ms, codes}.
function health.list(hours, utility)
  local rows = db.rows("SELECT * FROM health WHERE hour > ?1 AND (?2 IS NULL OR utility = ?2) ORDER BY hour", host.now() // HOUR - hours, utility)
  for _, row in ipairs(rows) do row.codes = db.json(row.codes) end
  return rows
end

return health
