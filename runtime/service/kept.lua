-- Sign-ins of ongoing access: what stays sealed after the meters came, until when, when it is used next (docs/service.md).
local clock = require "service.clock"
local db = require "service.db"
local kept = {}

local HOUR = 3600 * 1000000
local WAITS = { HOUR, 6 * HOUR, 24 * HOUR } -- after failures that pass by themselves; then as usual
local PASSES = { site = true, network = true, engine = true } -- owners of such

local function interval() return host.config.refresh_days * 24 * HOUR end

-- So much later, give or take a tenth: those that began together spread. Nil where its time is over by then.
local function later(span, till)
  local at = host.now() + math.floor(span * (0.9 + 0.2 * math.random()))
  return span > 0 and at < till and at or nil
end

-- Until when a scope lets a sign-in be kept (us), or nil: not at all. expires_at: of the authorization.
function kept.until_of(scope, expires_at)
  local at = scope and clock.parse(scope.ongoing_end)
  if not at or at <= host.now() then return nil end
  return expires_at and math.min(at, expires_at) or at
end

-- {team, authorization, utility (the adapter's id), credential, digest, till, refreshed, next, tries, factor}, or nil.
function kept.get(authorization)
  return db.row([[SELECT team, authorization, utility, credential, digest, till, refreshed, next, tries, factor FROM kept
    WHERE team = ?1 AND authorization = ?2]], authorization.team, authorization.uid)
end

-- Those of some authorizations, by their uid.
function kept.of(team, uids)
  local out = {}
  for _, row in ipairs(db.among([[SELECT authorization, till, refreshed, next FROM kept WHERE team = ?1 AND authorization IN (%s)]], team, uids)) do
    out[row.authorization] = row
  end
  return out
end

-- Sealed.
function kept.credentials(row)
  local found = db.row("SELECT credentials FROM kept WHERE team = ?1 AND authorization = ?2", row.team, row.authorization)
  return found.credentials
end

function kept.forget(authorization)
  db.run("DELETE FROM kept WHERE team = ?1 AND authorization = ?2", authorization.team, authorization.uid)
end

-- Keeps what a session of the customer's signed in with, where kept.until_of says so. The session still has it.
function kept.take(authorization, session)
  local till, now = kept.until_of(authorization.scope, authorization.expires_at), host.now()
  db.run([[INSERT INTO kept (team, authorization, utility, credential, digest, factor, credentials, till, refreshed, next)
    SELECT team, authorization, utility, credential, digest, factor, credentials, ?3, ?4, ?5 FROM sessions
    WHERE team = ?1 AND uid = ?2]], session.team, session.uid, till, now, later(interval(), till))
end

local function set(row, values) db.update("kept", { team = row.team, authorization = row.authorization }, values) end

-- A run begins: the next one stands before it does, so that a crash repeats none.
function kept.begun(row) set(row, { next = later(interval(), row.till) or db.NULL }) end

-- It cannot begin before then (us).
function kept.wait(row, at) set(row, { next = at < row.till and at or db.NULL }) end

function kept.refreshed(authorization)
  local row = kept.get(authorization)
  if row then set(row, { refreshed = host.now(), tries = 0, failed = db.NULL, next = later(interval(), row.till) or db.NULL }) end
end

-- A run failed with this and nobody has to do anything: when it is tried again (us), or nil.
function kept.put_off(authorization, error)
  local row = kept.get(authorization)
  if not row then return nil end
  local soon = PASSES[error.owner] and error.code ~= "engine.interrupted" and WAITS[row.tries + 1]
  local at = later(soon and math.min(soon, interval()) or interval(), row.till)
  set(row, { next = at or db.NULL, tries = row.tries + 1, failed = error.code })
  return at
end

-- Another version of a utility's adapter is live: those whose last run failed by the fault of the one before are read soon, one after
-- the other in the time that runs have at that utility.
function kept.mended(utility)
  local now, rows = host.now(), db.rows("SELECT team, authorization, till, next FROM kept WHERE utility = ?1 AND failed LIKE 'adapter.%'", utility)
  local gap = 60 * 1000000 // math.max(1, host.config.utility_per_minute // 2)
  for i, row in ipairs(rows) do
    local at = now + (i - 1) * gap
    if at < row.till and (not row.next or row.next > at) then set(row, { next = at, tries = 0, failed = db.NULL }) end
  end
end

return kept
