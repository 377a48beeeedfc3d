-- Which adapters there are, which version of each is live, and what becomes of a new one.
local db = require "service.db"
local settings = require "service.settings"
local adapters = {}

-- Sessions that a canary must bring to an end before it is for all, and failures of its own that end it.
local HEALTHY, FAILURES = 10, 3

local live -- id -> {manifest and what the operator set}; read anew after a change

local function read()
  local pauses, policies, out = settings.all("pause:"), settings.all("mfa:"), {}
  for _, row in ipairs(db.rows([[SELECT a.utility, a.version, a.canary, a.share, a.before, a.pinned, a.changed, v.manifest
      FROM adapters a JOIN versions v ON v.hash = a.version ORDER BY a.utility]])) do
    local one = db.json(row.manifest)
    one.version, one.canary, one.share, one.before, one.pinned, one.changed =
      row.version, row.canary, row.share, row.before, row.pinned == 1, row.changed
    one.paused = pauses[one.id]
    one.shipped_policy = one.mfa.policy
    one.override = policies[one.id] or host.config.mfa[one.id]
    one.mfa.policy = one.override or one.mfa.policy
    out[one.id] = one
  end
  return out
end

local function all()
  live = live or read()
  return live
end

-- After anything that another process may have changed, too.
function adapters.forget() live = nil end

-- All that are live, by name.
function adapters.list()
  local out = {}
  for _, one in pairs(all()) do out[#out + 1] = one end
  table.sort(out, function(a, b) return a.name < b.name end)
  return out
end

-- One by the adapter's id, or nil.
function adapters.get(id) return id and all()[id] end

-- One by its id or by UtilityAPI's, whatever its case ("ConEd", "coned", "SDG&E"), or nil.
function adapters.by_utility(text)
  if type(text) ~= "string" then return nil end
  local wanted = text:lower()
  if all()[wanted] then return all()[wanted] end
  for _, one in pairs(all()) do
    if one.utility_id and one.utility_id:lower() == wanted then return one end
  end
  return nil
end

-- "relay" or "turn_off": the operator's word before the adapter's.
function adapters.policy(id) return all()[id] and all()[id].mfa.policy end

-- The version that a new session takes.
function adapters.pick(id)
  local one = all()[id]
  if not one then return nil end
  if one.canary and math.random(100) <= one.share then return one.canary end
  return one.version
end

-- --- new versions -----------------------------------------------------------------------

local function log(utility, what, values)
  db.insert("reloads", { uid = host.uid(), utility = utility, version = values.version, what = what, reason = values.reason,
    place = values.place, ts = host.now() })
  host.log(what == "refused" and "warn" or "info", ("%s %s%s%s"):format(utility, what, values.version and " " .. values.version or "",
    values.reason and ": " .. (values.place and values.place .. ": " or "") .. values.reason or ""), "reload")
end

local function keep(m)
  db.run([[INSERT INTO versions (hash, utility, bytes, manifest, created) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (hash) DO NOTHING]],
    m.hash, m.utility, m.bytes, host.encode(m.manifest), host.now())
end

local function go_live(utility, hash, before, pinned)
  db.run([[INSERT INTO adapters (utility, version, before, changed, pinned) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (utility) DO UPDATE SET version = excluded.version, before = excluded.before, changed = excluded.changed,
      pinned = excluded.pinned, canary = NULL, share = 0]], utility, hash, before, host.now(), pinned or 0)
  live = nil
end

-- A version that was built and checked aside, or what was wrong with it. One that was rolled back from stays where it is until it is edited.
function adapters.staged(m)
  if m.problems then
    local first = m.problems[1] or {}
    local last = db.row("SELECT what, reason FROM reloads WHERE utility = ?1 ORDER BY ts DESC LIMIT 1", m.utility)
    if last and last.what == "refused" and last.reason == first.message then return end -- said already
    return log(m.utility, "refused", { reason = first.message, place = first.file and ("%s:%d"):format(first.file, first.line or 0) })
  end
  local now = all()[m.utility]
  keep(m)
  if now and (now.version == m.hash or now.canary == m.hash or (now.pinned and now.before == m.hash)) then return end
  local share = settings.get("canary:" .. m.utility)
  if now and share and share > 0 then
    db.update("adapters", { utility = m.utility }, { canary = m.hash, share = share, changed = host.now() })
    live = nil
    return log(m.utility, "canary", { version = m.hash, reason = share .. " of 100 new sessions" })
  end
  go_live(m.utility, m.hash, now and now.version)
  log(m.utility, "live", { version = m.hash })
end

-- Back to any version that is kept. -> true, or nil and why.
function adapters.rollback(utility, hash, who)
  local version = db.row("SELECT hash FROM versions WHERE hash = ?1 AND utility = ?2", hash, utility)
  local now = all()[utility]
  if not version or not now then return nil, "there is no such version of this adapter" end
  if now.version == hash then return nil, "this version is live already" end
  go_live(utility, hash, now.version, 1)
  log(utility, "rollback", { version = hash, reason = "by " .. who })
  return true
end

-- A canary proves itself by sessions that do not fail for reasons of the adapter's.
function adapters.ended(utility, version, code)
  local now = all()[utility]
  if not now or now.canary ~= version then return end
  local own = code and code:find("^adapter%.") ~= nil
  local key = "trial:" .. version
  local trial = settings.get(key) or { ended = 0, failed = 0 }
  trial.ended, trial.failed = trial.ended + 1, trial.failed + (own and 1 or 0)
  settings.set(key, trial)
  if trial.failed >= FAILURES then
    db.update("adapters", { utility = utility }, { canary = db.NULL, share = 0, before = version, pinned = 1 })
    live = nil
    log(utility, "refused", { version = version, reason = trial.failed .. " sessions of the canary failed: " .. code })
  elseif trial.ended - trial.failed >= HEALTHY then
    go_live(utility, version, now.version)
    log(utility, "live", { version = version, reason = "the canary is healthy" })
  end
end

-- [{uid, utility, version, what, reason, place, ts}], newest first; utility may be nil.
function adapters.history(utility, limit)
  return db.rows("SELECT * FROM reloads WHERE ?1 IS NULL OR utility = ?1 ORDER BY ts DESC LIMIT ?2", utility, limit or 100)
end

-- Versions of a utility that are kept, newest first: {hash, created}.
function adapters.versions(utility)
  return db.rows("SELECT hash, created FROM versions WHERE utility = ?1 ORDER BY created DESC LIMIT 200", utility)
end

-- reason: what customers read, or nil to go on.
function adapters.pause(utility, reason, who)
  settings.set("pause:" .. utility, reason, who)
  live = nil
end

-- Percent of new sessions that a new version gets until it has proved itself; 0: a new version is for all at once. A canary that runs
-- gets the new share, none at 0.
function adapters.share(utility, share, who)
  settings.set("canary:" .. utility, share > 0 and share or nil, who)
  db.run("UPDATE adapters SET share = ?2 WHERE utility = ?1 AND canary IS NOT NULL", utility, share)
  live = nil
end

-- policy: "relay", "turn_off", or nil for the adapter's own.
function adapters.override(utility, policy, who)
  settings.set("mfa:" .. utility, policy, who)
  live = nil
end

return adapters
