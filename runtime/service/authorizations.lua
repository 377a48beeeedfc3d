-- Authorizations: what a customer consented to, and how far it is (utilityapi v2, section 3.4).
local adapters = require "service.adapters"
local clock = require "service.clock"
local db = require "service.db"
local events = require "service.events"
local kept = require "service.kept"
local timeline = require "service.timeline"
local authorizations = {}

local function read(row)
  if not row then return nil end
  row.scope, row.notes, row.error, row.signature = db.json(row.scope), db.json(row.notes), db.json(row.error), db.json(row.signature)
  row.is_archived, row.is_test = row.is_archived == 1, row.is_test == 1
  return row
end

function authorizations.get(team, uid) return read(db.row("SELECT * FROM authorizations WHERE team = ?1 AND uid = ?2", team, uid)) end

-- By what stands in the link of its receipt.
function authorizations.by_receipt(token)
  return read(db.row("SELECT * FROM authorizations WHERE receipt = ?1", host.hash("receipt:" .. token)))
end

function authorizations.referrals(team, uid)
  local out = {}
  for i, row in ipairs(db.rows("SELECT code FROM referrals WHERE team = ?1 AND authorization = ?2 ORDER BY created", team, uid)) do out[i] = row.code end
  return out
end

-- The same of many at once, by uid.
function authorizations.referrals_of(team, uids)
  local out = {}
  for _, row in ipairs(db.among([[SELECT authorization, code FROM referrals WHERE team = ?1 AND authorization IN (%s)
      ORDER BY authorization, created]], team, uids)) do
    out[row.authorization] = out[row.authorization] or {}
    table.insert(out[row.authorization], row.code)
  end
  return out
end

-- Whose they are, by uid.
function authorizations.users_of(team, uids)
  local out = {}
  for _, row in ipairs(db.among("SELECT uid, user FROM authorizations WHERE team = ?1 AND uid IN (%s)", team, uids)) do
    out[row.uid] = row.user or false
  end
  return out
end

-- filter: {uids, forms, templates, users, utility, referrals (lists), is_archived, is_declined, is_test, is_revoked, is_expired, status,
-- after, limit, window (db.page)} -> rows, next uid, whether only so far was looked.
function authorizations.list(team, filter)
  local where = {}
  for column, value in pairs { uid = filter.uids or false, form = filter.forms or false, template = filter.templates or false,
                               user = filter.users or false, utility = filter.utility or false, status = filter.status or false } do
    if value then where[#where + 1] = { column, value } end
  end
  for _, name in ipairs { "is_archived", "is_test" } do
    if filter[name] ~= nil then where[#where + 1] = { name, filter[name] and 1 or 0 } end
  end
  for name, column in pairs { is_declined = "declined", is_revoked = "revoked", is_expired = "expired" } do
    if filter[name] ~= nil then where[#where + 1] = { "sql", column .. (filter[name] and " IS NOT NULL" or " IS NULL") } end
  end
  if filter.referrals then
    local uids = {}
    for _, code in ipairs(filter.referrals) do
      local row = db.row("SELECT authorization FROM referrals WHERE team = ?1 AND code = ?2", team, code)
      uids[#uids + 1] = row and row.authorization
    end
    where[#where + 1] = { "uid", uids }
  end
  local rows, after, partly = db.page { table = "authorizations", team = team, after = filter.after, limit = filter.limit,
    window = filter.window, where = where, cursor = filter.cursor }
  for _, row in ipairs(rows) do read(row) end
  return rows, after, partly
end

-- --- its state ------------------------------------------------------------------------------

-- Tells whoever looks at the customer's page or the dashboard.
function authorizations.tell(authorization)
  if authorization.form then host.after { ["do"] = "notify", topic = "form:" .. authorization.form, data = { changed = true } } end
  host.after { ["do"] = "notify", topic = "team:" .. authorization.team, data = { authorization = authorization.uid } }
end

function authorizations.status(authorization, status, message)
  local now = host.now()
  db.update("authorizations", { team = authorization.team, uid = authorization.uid },
    { status = status, status_message = message, status_ts = now, updated = now })
  authorization.status, authorization.status_message, authorization.status_ts = status, message, now
  authorizations.tell(authorization)
end

-- A note of the API: type, text for people, more. Those of the types in `instead` go.
function authorizations.note(authorization, type, msg, extra, instead)
  local notes = {}
  for _, note in ipairs(authorization.notes) do
    if not (instead and instead[note.type]) and note.type ~= type then notes[#notes + 1] = note end
  end
  local note = { type = type, msg = msg, ts = clock.iso(host.now()) }
  for name, value in pairs(extra or {}) do note[name] = value end
  notes[#notes + 1] = note
  authorization.notes = host.array(notes)
  db.update("authorizations", { team = authorization.team, uid = authorization.uid }, { notes = authorization.notes })
end

function authorizations.modify(team, uid, changes)
  local values = { updated = host.now(), nickname = changes.nickname, error = changes.error, session = changes.session, keep = changes.keep }
  if changes.is_archived ~= nil then values.is_archived = changes.is_archived and 1 or 0 end
  db.update("authorizations", { team = team, uid = uid }, values)
  return authorizations.get(team, uid)
end

-- --- what is sealed ------------------------------------------------------------------------------

-- Its sessions have ended: credentials, journals and answers are gone. runs: only those without a customer.
local function end_sessions(team, uid, runs)
  local which = " WHERE team = ?1 AND authorization = ?2 AND (human = 0 OR ?3 = 0)"
  local args = { team, uid, runs and 1 or 0 }
  for _, row in ipairs(db.rows("SELECT uid FROM sessions" .. which .. " AND state <> 'ended'", table.unpack(args))) do
    host.after { ["do"] = "cancel", id = row.uid }
  end
  db.run([[UPDATE sessions SET state = 'ended', credentials = NULL, parked = NULL, answer = NULL, challenge = NULL, challenge_id = NULL,
    ended = coalesce(ended, ?4)]] .. which, args[1], args[2], args[3], host.now())
end

local function forget_kept(authorization)
  end_sessions(authorization.team, authorization.uid, true)
  kept.forget(authorization)
end

local function forget_secrets(authorization)
  end_sessions(authorization.team, authorization.uid)
  kept.forget(authorization)
  db.update("authorizations", { team = authorization.team, uid = authorization.uid }, { keep = db.NULL, session = db.NULL })
end

-- Ongoing access ends before its time: the sign-in and the remembered device are gone, the meters stay. why: a code, or who wants it.
-- -> whether there was one.
function authorizations.stop_keeping(team, uid, why)
  local old = authorizations.get(team, uid)
  if not old or not kept.get(old) then return false end
  forget_kept(old)
  db.update("authorizations", { team = team, uid = uid }, { keep = db.NULL })
  timeline.add(team, { form = old.form, authorization = uid }, "not_kept", { code = why })
  authorizations.tell(old)
  return true
end

-- --- submission --------------------------------------------------------------------------------

-- When what a scope says is over: a preset or a time as the API has it, and microseconds (nil: until revoked).
function authorizations.expiry(scope, now)
  local wanted = scope and scope.expires or "3y"
  if wanted == "until_revoked" then return wanted, nil end
  local at = clock.parse(wanted) or clock.later(now, wanted) or clock.later(now, "3y")
  return clock.iso(at), at
end

local function new(form, options, utility, now)
  local expires, expires_at = authorizations.expiry(options.scope or form.scope, now)
  local uid = host.uid()
  db.insert("authorizations", { team = form.team, uid = uid, form = form.uid, template = form.template, user = form.user,
    customer_email = options.email or form.customer_email, utility = utility, created = now, updated = now, status_ts = now,
    signature = { type = "confirmation", ts = clock.iso(now) }, expires = expires, expires_at = expires_at,
    is_test = options.test and 1 or 0, scenario = options.scenario, portal = form.portal, scope = options.scope or form.scope, notes = host.array {},
    status_message = "Checking the sign-in." })
  return uid
end

local function renew(old, form, options, utility, now)
  local expires, expires_at = authorizations.expiry(options.scope or form.scope, now)
  db.update("authorizations", { team = old.team, uid = old.uid }, { form = form.uid, portal = form.portal, utility = utility,
    scope = options.scope or form.scope, is_test = old.is_test and options.test and 1 or 0, scenario = options.scenario or db.NULL,
    updated = now, expires = expires,
    expires_at = expires_at or db.NULL, expired = db.NULL, declined = db.NULL, error = db.NULL, notes = host.array {},
    customer_email = options.email or old.customer_email, signature = { type = "confirmation", ts = clock.iso(now) },
    status = "pending", status_message = "Checking the sign-in.", status_ts = now })
  return old.uid
end

-- The authorization that a data request stands for so far, or nil.
function authorizations.of_form(form)
  local uid = form.current or form.authorization
  local found = uid and authorizations.get(form.team, uid)
  return found and not found.revoked and found or nil
end

-- A customer gave consent and credentials. options: {utility (id or UtilityAPI's), email, sealed (request.sealed), peer, scope,
-- test: a made-up customer, whom the sandbox's adapter signs in, whatever the utility, scenario: which; again: they say that the same password is right
-- now}. -> authorization, referral; or nil and a code: "unknown_utility", "disabled", "expired", "in_progress", and those of
-- sessions.allowed ("paused", "resting", "incomplete", "same_password", "rest", "auth.locked") with until when (us) where it knows.
function authorizations.submit(form, options)
  local sessions = require "service.sessions"
  local now, one = host.now(), adapters.by_utility(options.utility)
  if form.disabled then return nil, "disabled" end
  if form.expires < now then return nil, "expired" end
  local by = options.test and adapters.get("demo") or one -- no utility's site ever sees a made-up customer
  if not one or (options.test and by.id ~= "demo") then return nil, "unknown_utility" end
  local old = authorizations.of_form(form)
  if old and sessions.live(old) then return nil, "in_progress" end
  local allowed, why, till = sessions.allowed(by, options.sealed, options.again)
  if not allowed then return nil, why, till end
  if old then forget_kept(old) end -- what is typed now takes its place
  local uid = old and renew(old, form, options, one.utility_id or one.id, now) or new(form, options, one.utility_id or one.id, now)
  local referral = host.random(6)
  db.insert("referrals", { team = form.team, code = referral, authorization = uid, created = now })
  db.update("forms", { team = form.team, uid = form.uid }, { current = uid, updated = now, utility = one.utility_id or one.id })
  local authorization = authorizations.get(form.team, uid)
  local of = { form = form.uid, authorization = uid }
  events.emit(form.team, old and "authorization_renewed" or "authorization_created", of)
  events.emit(form.team, "authorization_update_started", of)
  timeline.add(form.team, of, "submitted", { utility = one.name, again = old ~= nil })
  sessions.start(authorization, by, options.sealed)
  return authorization, referral
end

function authorizations.decline(form, peer)
  local now, old = host.now(), authorizations.of_form(form)
  if old and not old.declined and old.status == "updated" then return nil, "authorized" end
  if old then forget_secrets(old) end
  local uid = old and old.uid or new(form, {}, form.utility or "", now)
  db.update("authorizations", { team = form.team, uid = uid }, { declined = now, signature = db.NULL, status = "updated", status_ts = now,
    status_message = "The customer declined." })
  db.update("forms", { team = form.team, uid = form.uid }, { current = uid, updated = now })
  events.emit(form.team, "authorization_declined", { form = form.uid, authorization = uid })
  timeline.add(form.team, { form = form.uid, authorization = uid }, "declined", { peer = peer })
  return authorizations.get(form.team, uid)
end

-- --- the end ------------------------------------------------------------------------------------

-- Everything that was read is gone, too. who: as in the audit log. -> the authorization; nil: not there.
function authorizations.revoke(team, uid, who)
  local old = authorizations.get(team, uid)
  if not old then return nil end
  if old.revoked then return old end
  forget_secrets(old)
  db.run("DELETE FROM meters WHERE team = ?1 AND authorization = ?2", team, uid)
  local now, open = host.now(), old.status == "pending" -- nothing is waited for any more
  db.update("authorizations", { team = team, uid = uid }, { revoked = now, updated = now, error = db.NULL,
    status = open and "updated" or nil, status_ts = open and now or nil, status_message = "Revoked: credentials and data are deleted." })
  events.emit(team, "authorization_revoked", { form = old.form, authorization = uid })
  timeline.add(team, { form = old.form, authorization = uid }, "revoked", { who = who })
  authorizations.tell(old)
  return authorizations.get(team, uid)
end

-- Takes an authorization away whole: tests only, whoever calls has checked it.
function authorizations.remove(team, uid)
  forget_secrets { team = team, uid = uid }
  db.run("UPDATE forms SET current = NULL WHERE team = ?1 AND current = ?2", team, uid)
  db.run("DELETE FROM authorizations WHERE team = ?1 AND uid = ?2", team, uid)
end

-- Those whose time is over: credentials go, the meters stay.
function authorizations.expire()
  local now = host.now()
  for _, row in ipairs(db.rows([[SELECT team, uid, form FROM authorizations
      WHERE expires_at IS NOT NULL AND expired IS NULL AND revoked IS NULL AND expires_at <= ?1 LIMIT 100]], now)) do
    forget_secrets(row)
    db.update("authorizations", { team = row.team, uid = row.uid }, { expired = now, updated = now })
    events.emit(row.team, "authorization_expired", { form = row.form, authorization = row.uid })
    timeline.add(row.team, { form = row.form, authorization = row.uid }, "expired")
  end
end

return authorizations
