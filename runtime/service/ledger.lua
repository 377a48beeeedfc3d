-- The ledger of attempts: one entry a credential (a keyed hash of utility and user name), shared by all sessions.
--
-- Nobody's account is locked by our haste: a password that the portal refused is not sent again unless the customer says so, and
-- after three refusals in a row we rest (contract, section 9.4).
local db = require "service.db"
local ledger = {}

local MINUTE = 60 * 1000000
local REFUSALS, REST, LOCKED = 3, 30 * MINUTE, 24 * 60 * MINUTE

-- May these be sent? -> true; or false, a code ("same_password", "rest", "auth.locked") and until when. again: the customer says that the same
-- password is right now.
function ledger.allows(sealed, again)
  local now = host.now()
  local row = sealed.key and db.row("SELECT * FROM attempts WHERE credential = ?1", sealed.key)
  if not row then return true end
  if row.locked_until > now then return false, row.outcome == "auth.locked" and "auth.locked" or "rest", row.locked_until end
  if row.outcome == "auth.credentials" and row.digest == sealed.digest and not again then return false, "same_password" end
  return true
end

-- How they were refused since then (us): a code; or nil. What another session learned while this one waited.
function ledger.refused(credential, digest, since)
  local row = db.row("SELECT outcome, digest, last FROM attempts WHERE credential = ?1", credential)
  if not row or row.last < since then return nil end
  if row.outcome == "auth.locked" or (row.outcome == "auth.credentials" and row.digest == digest) then return row.outcome end
  return nil
end

-- They are about to leave.
function ledger.sent(credential, digest, utility)
  db.run([[INSERT INTO attempts (credential, utility, digest, outcome, last) VALUES (?1, ?2, ?3, 'sent', ?4)
    ON CONFLICT (credential) DO UPDATE SET digest = excluded.digest, outcome = 'sent', last = excluded.last]],
    credential, utility, digest, host.now())
end

-- How a session with them ended: code, or nil for success.
function ledger.ended(credential, code)
  local row = credential and db.row("SELECT * FROM attempts WHERE credential = ?1", credential)
  if not row then return end
  local now = host.now()
  local values = { outcome = code or "ok", last = now }
  if code == "auth.credentials" then
    values.failures = row.failures + 1
    if values.failures >= REFUSALS then values.locked_until = now + REST end
  elseif code == "auth.locked" then
    values.locked_until = now + LOCKED
  elseif not code or code:find("^mfa%.") then -- the password was right
    values.failures, values.locked_until = 0, 0
  end
  db.update("attempts", { credential = credential }, values)
end

return ledger
