-- The question that is open and its answer, for those who bring their own page.
local authorizations = require "service.authorizations"
local problem = require "service.api.problem"
local sessions = require "service.sessions"
local api = {}

local LIVE = { queued = "working", running = "working", waiting = "code", answered = "sent" }

local function state_of(authorization, session)
  if authorization.revoked then return "revoked" end
  if authorization.declined then return "declined" end
  if session and LIVE[session.state] then return LIVE[session.state] end
  if authorization.expired then return "expired" end
  return authorization.status == "errored" and "failed" or authorization.status == "updated" and "done" or "working"
end

-- What people are told of an error; evidence is the operator's.
local function error_of(authorization)
  local error = authorization.error
  if not error then return host.null end
  return { code = error.code, owner = error.owner, retry = error.retry, message = error.message, help = error.help }
end

function api.get(call)
  local authorization = authorizations.get(call.team, call.params.uid)
  if not authorization then return problem.not_found() end
  local session = sessions.current(authorization)
  local open = session and session.state == "waiting" and session.challenge
  return { state = state_of(authorization, session), challenge = open or host.null, error = error_of(authorization),
    note = open and session.answer_note or host.null }
end

local REFUSED = {
  over = "No question is open.", answered = "It is answered already.", other = "Another question is open now.",
  expired = "The time to answer is over.",
}

function api.answer(call)
  local authorization = authorizations.get(call.team, call.params.uid)
  if not authorization then return problem.not_found() end
  local session = sessions.current(authorization)
  if not session then return problem.conflict("over", REFUSED.over) end
  local taken, code = sessions.answer(session, call.body.id, call.request.sealed.answer)
  if not taken then return problem.conflict(code, REFUSED[code]) end
  return { success = true }
end

return api
