-- What follows from a session's end: statuses, notes, events, what is kept and what goes.
local authorizations = require "service.authorizations"
local clock = require "service.clock"
local db = require "service.db"
local events = require "service.events"
local kept = require "service.kept"
local letters = require "service.letters"
local meters = require "service.meters"
local timeline = require "service.timeline"
local outcome = {}

-- The note of the API for each code that has one; the others get access_errored.
local NOTES = {
  ["auth.credentials"] = "access_invalid", ["auth.password_expired"] = "access_invalid", ["auth.credentials_reset"] = "access_invalid",
  ["auth.locked"] = "access_locked", ["auth.lock_risk"] = "access_locked", ["mfa.must_be_off"] = "access_unsupported",
  ["mfa.unsupported"] = "access_unsupported", ["auth.not_a_customer"] = "access_unsupported", ["site.permission"] = "access_unsupported",
}
local INSTEAD = { access_code_needed = true, access_invalid = true, access_locked = true, access_unsupported = true, access_errored = true,
                  retrying = true, access_valid = true }

-- What the adapter keeps is of use to the next run alone.
local function keep_of(authorization, keep)
  if not kept.get(authorization) then return db.NULL end
  return keep
end

function outcome.succeeded(authorization, session, list, keep)
  local found = meters.take(authorization, list)
  local of = { form = authorization.form, authorization = authorization.uid }
  authorizations.modify(authorization.team, authorization.uid, { keep = keep_of(authorization, keep), error = db.NULL })
  authorizations.note(authorization, "access_valid", "The sign-in worked.", nil, INSTEAD)
  authorizations.note(authorization, "meters_full", ("All meters are there: %d."):format(#list))
  events.emit(authorization.team, "authorization_update_finished_successful", of)
  timeline.add(authorization.team, of, session.human == 1 and "finished" or "refreshed", { meters = #list, new = found.new,
    changed = found.changed, gone = found.gone, ms = (session.ended - session.created) // 1000 })
  if session.human == 1 then letters.linked(authorization) else kept.refreshed(authorization) end
  authorizations.status(authorization, "updated", #list == 1 and "One meter found." or #list .. " meters found.")
end

-- Whether runs without a customer end with this: they would meet MFA again, worsen it, or wait for what only the customer can do.
local function is_last(error) return error.owner == "user" or error.code:find("^mfa%.") ~= nil end

-- Whether the portal may have sent a code by itself once it had the password, as far as we know: another run might bring the customer
-- another one. Only where it asks for codes, and not once it let us in or said itself what is wrong.
local function may_have_sent(authorization, session, error)
  local row = kept.get(authorization)
  if not row or not row.factor or session.signed_in or error.owner == "site" then return false end
  for _, word in ipairs(session.used or {}) do
    if word == "credentials" then return true end
  end
  return false
end

local MAY_HAVE_SENT = "A code may have been sent to the customer, so the password is not tried again by itself."

-- The meters stand as they are; it is tried again by itself.
local function put_off(authorization, error, keep)
  local of = { form = authorization.form, authorization = authorization.uid }
  if keep then authorizations.modify(authorization.team, authorization.uid, { keep = keep }) end
  local at = kept.put_off(authorization, error)
  authorizations.note(authorization, "retrying", error.message or error.code, { code = error.code, eta = at and clock.iso(at) })
  events.emit(authorization.team, "authorization_update_retrying", of)
  timeline.add(authorization.team, of, "put_off", { code = error.code, owner = error.owner, message = error.message })
  authorizations.tell(authorization)
end

function outcome.failed(authorization, session, error, keep)
  local of = { form = authorization.form, authorization = authorization.uid }
  error.alone = session.human == 0 or nil -- the team reads that the customer is wanted again
  if error.alone and not is_last(error) then
    if not may_have_sent(authorization, session, error) then return put_off(authorization, error, keep) end
    error.message = (error.message and error.message:gsub("%.?$", ". ", 1) or "") .. MAY_HAVE_SENT
  end
  if error.alone then authorizations.stop_keeping(authorization.team, authorization.uid, error.code) end
  authorizations.modify(authorization.team, authorization.uid, { error = error })
  authorizations.note(authorization, NOTES[error.code] or "access_errored", error.message or error.code, { code = error.code }, INSTEAD)
  events.emit(authorization.team, "authorization_update_finished_errored", of)
  timeline.add(authorization.team, of, "failed", { code = error.code, owner = error.owner, message = error.message,
    ms = (session.ended - session.created) // 1000 })
  authorizations.status(authorization, "errored", error.message or error.code)
end

-- After a crash, truthfully (contract, section 9.3). used: words of intents.
function outcome.interrupted(used)
  local has = {}
  for _, word in ipairs(used) do has[word] = true end
  if has.answer then return "We were interrupted. Your code may have been used; your utility may send another one when you start again." end
  return "We were interrupted. Your password may have been tried once."
end

return outcome
