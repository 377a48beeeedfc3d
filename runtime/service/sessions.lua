-- Sessions: from accepted credentials to meters or an error. What is promised to a customer is in the store before they see it.
--
-- state: queued (committed, no worker has it), running, waiting (a challenge is open, `parked` holds the journal), answered (an answer is
-- committed, not yet sent), ended. `used`: what may have left us since the last parked journal, in the words of intents;
-- `used_before`: up to it.
local adapters = require "service.adapters"
local authorizations = require "service.authorizations"
local db = require "service.db"
local health = require "service.health"
local kept = require "service.kept"
local ledger = require "service.ledger"
local limit = require "service.limit"
local outcome = require "service.outcome"
local privacy = require "service.privacy"
local timeline = require "service.timeline"
local sessions = {}

local STARTS = 3 -- of one session, however often its worker dies

local function read(row)
  if not row then return nil end
  for _, name in ipairs { "challenge", "used", "used_before", "error" } do row[name] = db.json(row[name]) end
  return row
end

-- The indexes of what has not ended are found by SQLite only where a statement says so in these words.
local LIVE = "state <> 'ended' AND "

-- All but what is sealed, which is large and wanted by workers alone.
local COLUMNS = [[team, uid, authorization, utility, version, state, challenge, challenge_id, challenge_until, rejected, answer_note, used,
  used_before, starts, credential, digest, mfa, human, factor, progress, error, created, started, asked, mailed, ended,
  parked IS NOT NULL AS has_parked, answer IS NOT NULL AS has_answer]]
local SEALED = { parked = "has_parked", answer = "has_answer" }

-- where: with its parameters ?1 ...
local function rows_of(where, ...) return db.rows("SELECT " .. COLUMNS .. " FROM sessions WHERE " .. where, ...) end

-- {credentials, parked, answer}, sealed.
local function sealed_of(session)
  return db.row("SELECT credentials, parked, answer FROM sessions WHERE team = ?1 AND uid = ?2", session.team, session.uid)
end

function sessions.get(uid) return read(rows_of("uid = ?1", uid)[1]) end

local function update(session, values)
  db.update("sessions", { team = session.team, uid = session.uid }, values)
  for name, value in pairs(values) do
    if value == db.NULL then value = nil end
    if SEALED[name] then
      session[SEALED[name]] = value and 1 or 0
    else
      session[name] = value
    end
  end
end

-- The newest of an authorization's sessions that its customer began, or nil.
function sessions.current(authorization)
  return read(rows_of("team = ?1 AND authorization = ?2 AND human = 1 ORDER BY created DESC LIMIT 1", authorization.team, authorization.uid)[1])
end

-- The one without a customer that has not ended, or nil.
function sessions.run(authorization)
  return read(rows_of("team = ?1 AND authorization = ?2 AND human = 0 AND state <> 'ended' LIMIT 1", authorization.team, authorization.uid)[1])
end

-- That which has not ended, or nil.
function sessions.live(authorization)
  local session = sessions.current(authorization)
  return session and session.state ~= "ended" and session or nil
end

local function owner(session) return authorizations.get(session.team, session.authorization) end

local function of(session)
  local authorization = owner(session)
  return { form = authorization and authorization.form, authorization = session.authorization }
end

-- --- start --------------------------------------------------------------------------------------

-- What a request brought, its key one of this utility: however the request named it, the ledger has one entry for it.
local function scoped(one, sealed)
  if not sealed or not sealed.key then return sealed or {} end
  return { credentials = sealed.credentials, digest = sealed.digest, key = host.hash("credential:" .. one.id .. ":" .. sealed.key) }
end

-- May a session with these begin at this utility (of adapters.get)? -> true, or false, a code and until when.
function sessions.allowed(one, sealed, again)
  if one.paused then return false, "paused" end
  local till = health.resting(one.id)
  if till then return false, "resting", till end
  for _, field in ipairs(one.credentials) do
    local found = field.optional
    for _, name in ipairs(sealed and sealed.names or {}) do found = found or name == field.name end
    if not found then return false, "incomplete" end
  end
  return ledger.allows(scoped(one, sealed), again)
end

local function running(utility)
  return db.row("SELECT count(*) AS n FROM sessions WHERE " .. LIVE .. "utility = ?1 AND state IN ('running', 'answered')", utility).n
end

local finish -- below

-- Whether its password must wait for another session's, or was refused in one since it was accepted; then it ends here.
local function held(session)
  if not session.credential then return false end
  if db.row("SELECT 1 AS yes FROM sessions WHERE " .. LIVE ..
      "credential = ?1 AND state IN ('running', 'answered') AND asked IS NULL AND uid <> ?2", session.credential, session.uid) then return true end
  local code = ledger.refused(session.credential, session.digest, session.created)
  if not code then return false end
  session.credential = nil -- nothing was sent: the ledger learns nothing
  finish(session, { code = code, owner = "user", retry = "after_user", message = "The utility refused this password a moment ago; it was not sent again." })
  return true
end

-- Gives a queued session to a worker, as far as workers have room and the utility's share allows.
local function dispatch(session)
  local room = host.workers()
  if room.ready > 0 and room.free == 0 then return false end
  if running(session.utility) >= host.config.utility_sessions or held(session) then return false end
  if session.starts == 0 and not limit.take("utility:" .. session.utility, host.config.utility_per_minute, 60) then return false end
  local authorization = owner(session)
  update(session, { state = "running", started = session.started or host.now(), starts = session.starts + 1, used = host.array {} })
  host.after { ["do"] = "start", id = session.uid, version = session.version, credentials = sealed_of(session).credentials, keep = authorization.keep,
    mfa = session.mfa, human = session.human == 1, utility = session.utility }
  return true
end

-- Those of a utility that had to wait for their turn, customers and the oldest first, as many as may begin now.
local function dispatch_of(utility)
  local free = math.min(host.config.utility_sessions - running(utility), host.workers().free)
  if free <= 0 then return end
  for _, row in ipairs(rows_of(LIVE .. "state = 'queued' AND utility = ?1 ORDER BY human DESC, created LIMIT ?2", utility, free + 20)) do
    if free <= 0 then return end
    if dispatch(read(row)) then free = free - 1 end
  end
end

-- sealed: of a request (credentials, key, digest). The caller has asked sessions.allowed. alone: without a customer; the state of the
-- authorization is still that of the session before.
function sessions.start(authorization, one, sealed, alone)
  if not alone then sealed = scoped(one, sealed) end -- what is kept is so already
  local uid = host.uid()
  db.insert("sessions", { team = authorization.team, uid = uid, authorization = authorization.uid, utility = one.id,
    version = adapters.pick(one.id), state = "queued", credentials = sealed.credentials, credential = sealed.key, digest = sealed.digest,
    mfa = one.override, human = alone and 0 or 1, created = host.now() })
  if not alone then authorizations.modify(authorization.team, authorization.uid, { session = uid }) end
  local session = sessions.get(uid)
  health.began(session)
  dispatch(session)
  return session
end

-- Those that had to wait for their turn.
function sessions.dispatch()
  for _, row in ipairs(db.rows("SELECT DISTINCT utility FROM sessions WHERE " .. LIVE .. "state = 'queued'")) do dispatch_of(row.utility) end
end

-- --- the end --------------------------------------------------------------------------------------

local GONE = { credentials = db.NULL, parked = db.NULL, answer = db.NULL, answer_note = db.NULL, challenge = db.NULL,
               challenge_id = db.NULL, challenge_until = db.NULL, progress = db.NULL }

-- For runs without a customer, where access is ongoing: not where each would meet a question that no remembered device spares it.
local function keep_sign_in(authorization, session, keep)
  if not kept.until_of(authorization.scope, authorization.expires_at) then return end
  local device = keep or authorization.keep
  if not session.factor or (device and device ~= db.NULL) then return kept.take(authorization, session) end
  timeline.add(session.team, of(session), "not_kept", { kind = session.factor })
end

-- error: contract section 6's, or nil with meters. keep: sealed; nil: as it was; db.NULL: nothing any more.
function finish(session, error, meters, keep)
  error = error and privacy.error(error)
  if session.state == "ended" then return end
  local authorization, values = owner(session), { state = "ended", ended = host.now(), error = error }
  if not error and session.human == 1 then keep_sign_in(authorization, session, keep) end
  for name, value in pairs(GONE) do values[name] = value end
  update(session, values)
  ledger.ended(session.credential, error and error.code)
  health.ended(session, error and error.code)
  adapters.ended(session.utility, session.version, error and error.code)
  if error then
    outcome.failed(authorization, session, error, keep)
  else
    outcome.succeeded(authorization, session, meters, keep)
  end
  dispatch_of(session.utility)
end

-- Ends a session for a reason of the service's.
function sessions.fail(session, code, message, more)
  local error = { code = code, message = message, owner = "engine", retry = "after_user" }
  for name, value in pairs(more or {}) do error[name] = value end
  finish(session, error)
end

function sessions.cancel(session)
  if session.state == "ended" then return end
  host.after { ["do"] = "cancel", id = session.uid }
  sessions.fail(session, "engine.cancelled", "The customer stopped it.", { owner = "user" })
end

-- --- challenges --------------------------------------------------------------------------------------

-- Words of both lists, each once.
local function together(one, other)
  local words, has = host.array {}, {}
  for _, list in ipairs { one, other } do
    for _, word in ipairs(list) do
      if not has[word] then words[#words + 1] = word end
      has[word] = true
    end
  end
  return words
end

local INSTEAD = { retrying = true, access_invalid = true }
local NO_FACTOR = { acknowledge = true, credential = true } -- asked once, whatever device it is

-- ISO 8601 or epoch in a challenge -> us.
local function until_of(challenge)
  local clock = require "service.clock"
  local at = challenge.expires_at
  if type(at) == "number" then return math.tointeger(at * 1000000) or math.floor(at * 1000000) end
  return clock.parse(at) or host.now() + 15 * 60 * 1000000
end

local function on_challenge(session, m)
  if session.state == "waiting" and session.challenge_id == m.challenge.id then -- brought back by a replay: nobody is asked anew
    return update(session, { parked = m.parked, challenge = m.challenge })
  end
  local authorization, now = owner(session), host.now()
  if not session.asked then
    health.asked(session, (now - (session.started or now)) // 1000)
  end
  update(session, { state = "waiting", parked = m.parked, challenge = m.challenge, challenge_id = m.challenge.id,
    challenge_until = until_of(m.challenge), rejected = session.rejected + (m.again and 1 or 0),
    used_before = together(session.used_before, session.used), used = host.array {},
    answer = db.NULL, answer_note = db.NULL, progress = db.NULL, asked = session.asked or now, mailed = db.NULL,
    factor = not NO_FACTOR[m.challenge.kind] and m.challenge.kind or session.factor })
  local kind = m.challenge.kind
  authorizations.note(authorization, "access_code_needed", "The utility asks the customer for one more thing: " .. kind .. ".", nil, INSTEAD)
  if not m.again then
    require("service.events").emit(session.team, "authorization_update_delayed", of(session))
  end
  timeline.add(session.team, of(session), m.again and "code_rejected" or "code_wanted", { kind = kind, medium = m.challenge.medium })
  authorizations.status(authorization, "pending", m.again and "The utility did not accept the answer and asks again."
    or "Waiting for the customer's answer (" .. kind .. ").")
  dispatch_of(session.utility)
end

-- An answer to an open challenge, sealed. -> true; or nil and a code: "over" (nothing is open), "answered" (this one is), "other"
-- (another challenge is open now), "expired".
function sessions.answer(session, challenge_id, sealed)
  if session.state == "answered" and session.challenge_id == challenge_id then return nil, "answered" end
  if session.state ~= "waiting" then return nil, session.state == "ended" and "over" or "answered" end
  if session.challenge_id ~= challenge_id then return nil, "other" end
  if session.challenge_until and session.challenge_until < host.now() then return nil, "expired" end
  update(session, { state = "answered", answer = sealed, answer_note = db.NULL })
  host.after { ["do"] = "answer", id = session.uid, challenge = challenge_id, answer = sealed }
  timeline.add(session.team, of(session), "answered")
  authorizations.status(owner(session), "pending", "The customer answered; waiting for the utility.")
  return true
end

-- Goes on from the journal, in any worker; with the answer if it is there.
local function resume(session)
  local sealed = sealed_of(session)
  host.after { ["do"] = "resume", id = session.uid, version = session.version, parked = sealed.parked, human = session.human == 1,
    challenge = sealed.answer and session.challenge_id or nil, answer = sealed.answer, utility = session.utility }
end

-- --- messages of workers ---------------------------------------------------------------------------------

local on = {}

function on.intent(session, m)
  -- A poll of an approval may be a POST, too: the question stays open meanwhile.
  local values = { used = together(session.used, m.intents), state = session.state == "waiting" and "waiting" or "running" }
  for _, word in ipairs(m.intents) do
    if word == "answer" then values.answer = db.NULL end
    if word == "credentials" and session.credential then ledger.sent(session.credential, session.digest, session.utility) end
  end
  update(session, values)
  host.after { ["do"] = "intent_done", id = session.uid }
end

on.challenge = on_challenge

-- The answer cannot be one to this question: it stands.
function on.refused(session, m)
  if session.state ~= "answered" or (m.challenge and m.challenge ~= session.challenge_id) then return end
  update(session, { state = "waiting", answer = db.NULL, answer_note = m.why })
  authorizations.status(owner(session), "pending", "Waiting for the customer's answer.")
end

function on.progress(session, m)
  update(session, { progress = m.text })
  authorizations.tell(owner(session))
end

function on.log(session, m) host.log(m.level or "info", m.text, session.uid .. " " .. session.utility) end

-- No worker has it: its journal has.
function on.gone(session)
  if session.state == "answered" and session.has_parked == 1 then
    resume(session)
  elseif session.state == "running" then
    sessions.lost { session.uid }
  end
end

on["end"] = function(session, m)
  local result = m.result or {}
  session.signed_in = m.signed_in -- no column: outcome alone asks
  finish(session, not result.meters and (result.error or { code = "engine.internal", message = "no result" }) or nil, result.meters, m.keep)
end

-- One message of a worker; docs/service.md has them. Blobs and secrets are sealed already.
function sessions.message(m)
  local session = sessions.get(m.id)
  if not session or session.state == "ended" then
    if m.is ~= "gone" and m.is ~= "end" and m.is ~= "log" then host.after { ["do"] = "forget", id = m.id } end
    return
  end
  assert(on[m.is], "no such message")(session, m)
end

-- --- after a crash -----------------------------------------------------------------------------------------

local function has_secret(used)
  for _, word in ipairs(used) do
    if word == "credentials" or word == "answer" then return true end
  end
  return false
end

-- An approval is polled for: somebody must have it, or a tap on the phone is never seen.
local function is_polled(session) return session.state == "waiting" and session.challenge.kind == "approve" end

local function lost(session)
  if session.state == "ended" or session.state == "queued" then return end
  if session.state == "waiting" and not is_polled(session) then return end
  local used = together(session.used_before, session.used)
  if has_secret(session.used) or session.starts >= STARTS and has_secret(used) then
    return sessions.fail(session, "engine.interrupted", outcome.interrupted(used), { used = used })
  end
  if session.starts >= STARTS then return sessions.fail(session, "engine.internal", "It was begun three times and its worker died each time.") end
  if session.has_parked == 1 then
    local state = session.state == "waiting" and "waiting" or session.has_answer == 1 and "answered" or "running"
    update(session, { starts = session.starts + 1, state = state })
    resume(session)
  else
    update(session, { state = "queued" })
    dispatch(session)
  end
end

-- Their worker died.
function sessions.lost(uids)
  for _, uid in ipairs(uids) do
    local session = sessions.get(uid)
    if session then lost(session) end
  end
end

-- The service begins: nobody has any of them.
function sessions.recover()
  for _, row in ipairs(rows_of(LIVE .. "state <> 'queued'")) do lost(read(row)) end
end

-- Challenges that nobody answered in time.
function sessions.expire()
  for _, row in ipairs(rows_of("state = 'waiting' AND challenge_until < ?1 LIMIT 100", host.now())) do
    host.after { ["do"] = "forget", id = row.uid }
    sessions.fail(read(row), "mfa.answer_timeout", "Nobody answered in time.", { owner = "user" })
  end
end

return sessions
