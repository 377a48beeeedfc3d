-- Which adapters there are, which version of each is live, and what becomes of a new one.
local db = require "service.db"
local kept = require "service.kept"
local settings = require "service.settings"
local trial = require "service.trial"
local adapters = {}

-- Versions of a utility that are kept for a rollback, besides those that something needs.
local KEPT = 20

local live, off -- id -> {manifest and what the operator set}, of what is live and of what is retired; read anew after a change
local folder = {} -- id -> true while its file is in the adapters' folder or built in, or the version that was built from it last

local function read()
  local pauses, policies, out, retired = settings.all("pause:"), settings.all("mfa:"), {}, {}
  for _, row in ipairs(db.rows([[SELECT a.utility, a.version, a.canary, a.share, a.before, a.pinned, a.changed, a.retired, v.manifest, v.live
      FROM adapters a JOIN versions v ON v.hash = a.version ORDER BY a.utility]])) do
    local one = db.json(row.manifest)
    for _, name in ipairs { "utility_id", "evidence" } do -- an adapter may lack them
      if one[name] == host.null then one[name] = nil end
    end
    one.version, one.canary, one.share, one.before, one.pinned, one.changed =
      row.version, row.canary, row.share, row.before, row.pinned == 1, row.changed
    one.paused = pauses[one.id]
    one.shipped_policy = one.mfa.policy
    one.override = policies[one.id] or host.config.mfa[one.id]
    one.mfa.policy = one.override or one.mfa.policy
    one.retired, one.since = row.retired, row.live
    local list = one.retired and retired or out
    list[one.id] = one
  end
  return out, retired
end

local function all()
  if not live then live, off = read() end
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

-- Those that are retired, by name.
function adapters.retired()
  local out = {}
  for _, one in pairs(all() and off) do out[#out + 1] = one end
  table.sort(out, function(a, b) return a.name < b.name end)
  return out
end

-- One by the adapter's id, or nil.
function adapters.get(id) return id and all()[id] end

-- The same, retired ones too.
function adapters.any(id) return id and (all()[id] or off[id]) end

local function named(list, text)
  if type(text) ~= "string" then return nil end
  local wanted = text:lower()
  if list[wanted] then return list[wanted] end
  for _, one in pairs(list) do
    if one.utility_id and one.utility_id:lower() == wanted then return one end
  end
  return nil
end

-- One by its id or by UtilityAPI's, whatever its case ("ConEd", "coned", "SDG&E"), or nil.
function adapters.by_utility(text) return named(all(), text) end

-- The same, retired ones too: for saying what something is called, not for signing in.
function adapters.known(text) return named(all(), text) or named(off, text) end

-- "relay" or "turn_off": the operator's word before the adapter's.
function adapters.policy(id) return all()[id] and all()[id].mfa.policy end

local turns = {} -- utility -> hundredths of a session that its canary is owed

-- The version that a new session takes. Of any hundred in a row a canary gets its share.
function adapters.pick(id)
  local one = all()[id]
  if not one then return nil end
  if not one.canary then return one.version end
  turns[id] = (turns[id] or 0) + one.share
  if turns[id] < 100 then return one.version end
  turns[id] = turns[id] - 100
  return one.canary
end

-- --- new versions -----------------------------------------------------------------------

local LEVEL = { refused = "warn", withdrawn = "warn" }

local function log(utility, what, values)
  db.insert("reloads", { uid = host.uid(), utility = utility, version = values.version, what = what, reason = values.reason,
    place = values.place, ts = host.now() })
  host.log(LEVEL[what] or "info", ("%s %s%s%s"):format(utility, what, values.version and " " .. values.version or "",
    values.reason and ": " .. (values.place and values.place .. ": " or "") .. values.reason or ""), "reload")
end

local function last_of(utility)
  return db.row("SELECT what, reason, version FROM reloads WHERE utility = ?1 ORDER BY ts DESC LIMIT 1", utility) or {}
end

-- Of a utility: what is live, tried or was live before, what a session that has not ended began with, what was rolled back from and may
-- still lie in the folder, and the last that were live.
local function prune(utility)
  db.run([[DELETE FROM versions WHERE utility = ?1 AND held = 0
    AND hash NOT IN (SELECT hash FROM versions WHERE utility = ?1 ORDER BY coalesce(live, created) DESC LIMIT ?2)
    AND hash NOT IN (SELECT version FROM sessions WHERE utility = ?1 AND state <> 'ended')
    AND NOT EXISTS (SELECT 1 FROM adapters a WHERE a.utility = ?1 AND versions.hash IN (a.version, a.canary, a.before))]], utility, KEPT)
end

-- What no session needs any more; what else goes, goes with the next version.
function adapters.prune()
  for id in pairs(all()) do prune(id) end
  for id in pairs(off) do prune(id) end
end

local function keep(m)
  db.run([[INSERT INTO versions (hash, utility, bytes, manifest, created) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (hash) DO NOTHING]],
    m.hash, m.utility, m.bytes, host.encode(m.manifest), host.now())
end

-- A version that was rolled back from or withdrawn stays out, wherever it lies, until the folder holds another.
local function hold(hash) db.run("UPDATE versions SET held = 1 WHERE hash = ?1", hash) end
local function release_all(utility) db.run("UPDATE versions SET held = 0 WHERE utility = ?1 AND held = 1", utility) end
local function is_held(hash) return db.row("SELECT held FROM versions WHERE hash = ?1", hash).held == 1 end

local function go_live(utility, hash, before, pinned)
  db.run([[INSERT INTO adapters (utility, version, before, changed, pinned) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (utility) DO UPDATE SET version = excluded.version, before = excluded.before, changed = excluded.changed,
      pinned = excluded.pinned, canary = NULL, share = 0, retired = NULL]], utility, hash, before, host.now(), pinned or 0)
  db.run("UPDATE versions SET live = ?2, held = 0 WHERE hash = ?1", hash, host.now())
  if not pinned then release_all(utility) end
  trial.over(utility)
  kept.mended(utility)
  live = nil
  prune(utility)
end

local function end_canary(utility, pinned)
  db.update("adapters", { utility = utility }, { canary = db.NULL, share = 0, pinned = pinned })
  trial.over(utility)
  live = nil
end

local function refuse(utility, reason, values)
  local last = last_of(utility)
  if last.what == "refused" and last.reason == reason then return end -- said already
  log(utility, "refused", { reason = reason, place = values.place, version = values.version })
end

-- The folder holds what is live (again).
local function as_before(now)
  local over = now.canary
  if now.pinned or over then end_canary(now.id, 0) end
  release_all(now.id)
  if over or last_of(now.id).what == "refused" then
    log(now.id, "live", { version = now.version, reason = "the folder holds it again" .. (over and "; the canary " .. over .. " is over" or "") })
  end
end

local function asks_the_same(a, b)
  local function names(list)
    local out = {}
    for i, field in ipairs(list) do out[i] = field.name end
    table.sort(out)
    return table.concat(out, " ")
  end
  return names(a.credentials or {}) == names(b.credentials or {})
end

local function begin_canary(now, m, share)
  if not asks_the_same(now, m.manifest) then
    return refuse(m.utility, "it asks for other credentials than what is live, so it can be no canary: make it live for all on the dashboard",
      { version = m.hash })
  end
  db.update("adapters", { utility = m.utility }, { canary = m.hash, share = share, changed = host.now(), pinned = 0 })
  release_all(m.utility)
  trial.begin(m.utility, m.hash)
  live = nil
  log(m.utility, "canary", { version = m.hash, reason = share .. " of 100 new sessions"
    .. (now.canary and ", in place of the canary " .. now.canary or "") })
end

local function stays_out(m)
  host.log("info", ("%s %s is in the folder and stays out: it was rolled back from or withdrawn; edit it, or release it on the dashboard")
    :format(m.utility, m.hash), "reload")
end

local function accept(m)
  local now, share = all()[m.utility], settings.get("canary:" .. m.utility)
  if now and now.version == m.hash then return as_before(now) end
  if is_held(m.hash) then return stays_out(m) end
  if now and now.canary == m.hash then
    if last_of(m.utility).what == "refused" then log(m.utility, "canary", { version = m.hash, reason = "the folder holds it again" }) end
  elseif now and share and share > 0 then
    begin_canary(now, m, share)
  else
    go_live(m.utility, m.hash, now and now.version)
    log(m.utility, "live", { version = m.hash })
  end
end

-- A version that was built and checked aside, or what was wrong with it.
function adapters.staged(m)
  folder[m.utility] = not m.gone and (m.hash or true) or nil
  if not m.problems then
    keep(m)
    accept(m)
    return prune(m.utility)
  end
  local first, more = m.problems[1] or {}, #m.problems - 1
  local rest = more > 0 and (" (and %d more: `meterkey test %s`)"):format(more, m.utility) or ""
  local line = (first.line or 0) > 0 and (":%d"):format(first.line) or "" -- a case has none
  refuse(m.utility, (first.message or "") .. rest, { place = first.file and first.file .. line })
end

-- Back to any version that is kept, or on to one that is tried or stays out. -> true, or nil and why.
function adapters.rollback(utility, hash, who)
  local version = db.row("SELECT hash FROM versions WHERE hash = ?1 AND utility = ?2", hash, utility)
  local now = all()[utility]
  if not version or not now then return nil, "there is no such version of this adapter" end
  if now.version == hash then return nil, "this version is live already" end
  hold(now.version)
  if now.canary then hold(now.canary) end
  go_live(utility, hash, now.version, 1)
  log(utility, "rollback", { version = hash, reason = "by " .. who })
  return true
end

-- A version that is held is treated as any other again: what lies in the folder goes live, or is tried, at once. -> true, or nil and why.
function adapters.release(utility, hash, who)
  local version, now = db.row("SELECT hash, held, manifest FROM versions WHERE hash = ?1 AND utility = ?2", hash, utility), all()[utility]
  if not version or not now or version.held == 0 then return nil, "this version is not held" end
  db.run("UPDATE versions SET held = 0 WHERE hash = ?1", hash)
  log(utility, "released", { version = hash, reason = "by " .. who })
  if folder[utility] == hash then accept { utility = utility, hash = hash, manifest = db.json(version.manifest) } end
  return true
end

-- Its file is in the adapters' folder, or it is built in.
function adapters.has_file(utility) return folder[utility] ~= nil end

-- Nobody can choose it any more, and what is kept of its customers' sign-ins goes (service.refresh); sessions that have begun come to
-- their end, meters and authorizations stay. It is back when its file is. -> true, or nil and why.
function adapters.retire(utility, who)
  if folder[utility] then return nil, "its file is in the adapters' folder, or it is built in: take the file away first, or pause it" end
  db.update("adapters", { utility = utility }, { retired = host.now(), canary = db.NULL, share = 0, pinned = 0 })
  release_all(utility)
  trial.over(utility)
  live = nil
  log(utility, "retired", { reason = "by " .. who })
  return true
end

local function withdraw(now, t, code)
  local version = now.canary
  end_canary(now.id, 1)
  hold(version)
  local why = "%d of %d sessions of the canary failed by its own fault, %d of %d of what is live; the last: %s"
  log(now.id, "withdrawn", { version = version,
    reason = why:format(t.failed, t.failed + t.good, t.live_failed, t.live_failed + t.live_good, code) })
end

-- While there is a canary, every end of a session counts for it or for the version that is live.
function adapters.ended(utility, version, code)
  local now = all()[utility]
  if not now or not now.canary or (version ~= now.canary and version ~= now.version) then return end
  local verdict, t = trial.count(utility, version == now.canary, code)
  if verdict == "worse" then
    withdraw(now, t, code or "of another kind")
  elseif verdict == "healthy" then
    go_live(utility, now.canary, now.version)
    log(utility, "live", { version = now.canary, reason = ("the canary is healthy: %d sessions brought meters, %d failed by its own fault")
      :format(t.good, t.failed) })
  end
end

-- Of each utility what happened last: {utility = {what, reason, ts}}.
function adapters.latest()
  local out = {}
  for _, row in ipairs(db.rows([[SELECT utility, what, reason, ts FROM reloads r
      WHERE NOT EXISTS (SELECT 1 FROM reloads n WHERE n.utility = r.utility AND n.ts > r.ts)]])) do
    row.refused = row.what == "refused" or row.what == "withdrawn"
    out[row.utility] = row
  end
  return out
end

-- [{uid, utility, version, what, reason, place, ts}], newest first; utility may be nil.
function adapters.history(utility, limit)
  return db.rows("SELECT * FROM reloads WHERE ?1 IS NULL OR utility = ?1 ORDER BY ts DESC LIMIT ?2", utility, limit or 100)
end

-- What a version of a utility (of adapters.any) is now: "live", "canary", "held" (it stays out of new sessions though the folder may have
-- it) or "kept" (for a rollback).
function adapters.state(one, v)
  if v.hash == one.version then return one.retired and "kept" or "live" end
  if v.hash == one.canary then return "canary" end
  return v.held == 1 and "held" or "kept"
end

-- Versions of a utility that are kept, those that were live last first: {hash, created, live: when it last became so, or nil, held}.
function adapters.versions(utility)
  return db.rows("SELECT hash, created, live, held FROM versions WHERE utility = ?1 ORDER BY coalesce(live, created) DESC LIMIT 200", utility)
end

-- reason: what customers read, or nil to go on.
function adapters.pause(utility, reason, who)
  settings.set("pause:" .. utility, reason, who)
  live = nil
end

-- Percent of new sessions that a new version gets until it has proved itself; 0: a new version is for all at once. A canary that runs
-- gets the new share, none at 0.
function adapters.set_share(utility, share, who)
  settings.set("canary:" .. utility, share > 0 and share or nil, who)
  db.run("UPDATE adapters SET share = ?2 WHERE utility = ?1 AND canary IS NOT NULL", utility, share)
  live = nil
end

-- What the next canary gets.
function adapters.share(utility) return settings.get("canary:" .. utility) or 0 end

-- policy: "relay", "turn_off", or nil for the adapter's own.
function adapters.override(utility, policy, who)
  settings.set("mfa:" .. utility, policy, who)
  live = nil
end

return adapters
