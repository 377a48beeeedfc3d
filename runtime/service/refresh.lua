-- Runs without a customer: where access is ongoing, meters are read again (docs/service.md: when, and what ends them).
local adapters = require "service.adapters"
local authorizations = require "service.authorizations"
local db = require "service.db"
local events = require "service.events"
local health = require "service.health"
local kept = require "service.kept"
local ledger = require "service.ledger"
local limit = require "service.limit"
local outcome = require "service.outcome"
local sessions = require "service.sessions"
local refresh = {}

local MINUTE = 60 * 1000000

-- Another session learned that it is refused: it is not sent, and ends here as a run that was told so.
local function known_wrong(authorization)
  local now = host.now()
  local error = { code = "auth.credentials", owner = "user", retry = "after_user",
    message = "The utility has refused this password; it was not sent again." }
  outcome.failed(authorization, { human = 0, created = now, ended = now }, error)
  return nil, "auth.credentials"
end

-- May one begin at this utility with these? -> true; or nil, a code and until when.
local function allowed(row, one)
  if not one then return nil, "unknown_utility" end
  if one.paused then return nil, "paused" end
  local till = health.resting(one.id)
  if till then return nil, "resting", till end
  return ledger.allows { key = row.credential, digest = row.digest }
end

-- Reads the meters of an authorization anew. -> true; or nil, a code ("not_kept", "in_progress", "unknown_utility", "paused",
-- "resting", "rest", "auth.locked", "auth.credentials": that was the last) and until when (us) where it knows.
function refresh.begin(authorization)
  local row = kept.get(authorization)
  if not row then return nil, "not_kept" end
  if sessions.live(authorization) or sessions.run(authorization) then return nil, "in_progress" end
  local one = adapters.get(row.utility)
  local may, why, till = allowed(row, one)
  if not may and why == "same_password" then return known_wrong(authorization) end
  if not may then return nil, why, till end
  kept.begun(row)
  local of = { form = authorization.form, authorization = authorization.uid }
  events.emit(authorization.team, "authorization_update_started", of)
  local sealed = { credentials = kept.credentials(row), key = row.credential, digest = row.digest }
  sessions.start(authorization, one, sealed, true)
  return true
end

-- As somebody of the team wants it, not more than a few times an hour: each signs in at the portal.
function refresh.now(authorization)
  if not limit.take("refresh now:" .. authorization.uid, 4, 3600) then return nil, "rest" end
  return refresh.begin(authorization)
end

-- --- by the clock ---------------------------------------------------------------------------

local function half(setting) return math.max(math.min(setting, 1), setting // 2) end

-- How many may begin at a utility: half of its share is its customers'.
local function room(utility)
  local runs = db.row("SELECT count(*) AS n FROM sessions WHERE utility = ?1 AND state <> 'ended' AND human = 0", utility)
  return math.max(math.min(half(host.config.utility_sessions) - runs.n, host.workers().free), 0)
end

local function due_at(utility, now)
  local one = adapters.get(utility)
  if not one or one.paused or health.resting(utility) then return end
  local rows = db.rows([[SELECT team, authorization, till FROM kept WHERE utility = ?1 AND next <= ?2
    ORDER BY next LIMIT ?3]], utility, now, room(utility))
  for _, row in ipairs(rows) do
    if not limit.take("refresh:" .. utility, half(host.config.utility_per_minute), 60) then return end
    local begun, _, till = refresh.begin(authorizations.get(row.team, row.authorization))
    if not begun then kept.wait(row, till or now + 10 * MINUTE) end
  end
end

function refresh.due()
  local now = host.now()
  for _, row in ipairs(db.rows("SELECT DISTINCT utility FROM kept WHERE next <= ?1", now)) do
    due_at(row.utility, now)
  end
end

-- Those whose time is over, and those of a utility that is retired: they would be kept for nothing.
function refresh.expire()
  for _, one in ipairs(adapters.retired()) do
    for _, row in ipairs(db.rows("SELECT team, authorization FROM kept WHERE utility = ?1 LIMIT 100", one.id)) do
      authorizations.stop_keeping(row.team, row.authorization, "retired")
    end
  end
  for _, row in ipairs(db.rows("SELECT team, authorization FROM kept WHERE till <= ?1 LIMIT 100", host.now())) do
    authorizations.stop_keeping(row.team, row.authorization, "over")
  end
end

return refresh
