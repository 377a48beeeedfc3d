-- What follows from a session's end: statuses, notes, events, what is kept and what goes.
local authorizations = require "service.authorizations"
local db = require "service.db"
local events = require "service.events"
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

-- Whether the credentials and what the adapter keeps are still wanted after the first list of meters.
local function ongoing(authorization)
  local at = authorization.scope.ongoing_end
  return at ~= nil and at ~= host.null
end

function outcome.succeeded(authorization, session, list, keep)
  local new = meters.take(authorization, list)
  local of = { form = authorization.form, authorization = authorization.uid }
  authorizations.modify(authorization.team, authorization.uid, { keep = ongoing(authorization) and keep or db.NULL, error = db.NULL })
  authorizations.note(authorization, "access_valid", "The sign-in worked.", nil, INSTEAD)
  authorizations.note(authorization, "meters_full", ("All meters are there: %d."):format(#list))
  events.emit(authorization.team, "authorization_update_finished_successful", of)
  timeline.add(authorization.team, of, "finished", { meters = #list, new = new, ms = (session.ended - session.created) // 1000 })
  if session.human == 1 then letters.linked(authorization) end
  authorizations.status(authorization, "updated", #list == 1 and "One meter found." or #list .. " meters found.")
end

function outcome.failed(authorization, session, error)
  local of = { form = authorization.form, authorization = authorization.uid }
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
