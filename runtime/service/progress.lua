-- Where a data request stands, for the customer's page and the dashboard.
local adapters = require "service.adapters"
local authorizations = require "service.authorizations"
local health = require "service.health"
local sessions = require "service.sessions"
local templates = require "service.templates"
local progress = {}

-- -> state, and what it is about: see docs/service.md.
local function state_of(form, authorization, session)
  if form.disabled then return "disabled" end
  if not authorization then return form.expires < host.now() and "expired" or "choose" end
  if authorization.revoked then return "revoked" end
  if authorization.declined then return "declined" end
  if session and session.state ~= "ended" then
    return session.state == "waiting" and "code" or session.state == "answered" and "sent" or "working"
  end
  if authorization.status == "errored" then return "failed" end
  if authorization.status == "updated" then
    -- a data request that reauthorizes stands before its own submission until somebody submits it
    return form.uid == authorization.form and "done" or (form.expires < host.now() and "expired" or "choose")
  end
  return "working"
end

-- {state, form, template, authorization, session, challenge, utility (of adapters.get), error, queued, paused, resting}
function progress.of(form)
  local uid = form.current or form.authorization
  local authorization = uid and authorizations.get(form.team, uid)
  local session = authorization and authorization.form == form.uid and sessions.current(authorization) or nil
  if authorization and authorization.form ~= form.uid and authorization.status == "errored" then session = nil end
  local one = adapters.known(authorization and authorization.utility or form.utility)
  local out = { form = form, template = templates.get(form.team, form.template), authorization = authorization, session = session,
    utility = one, state = state_of(form, authorization, session), error = authorization and authorization.error,
    queued = session ~= nil and session.state == "queued", paused = one and one.paused, resting = one and health.resting(one.id) }
  out.challenge = session and session.state == "waiting" and session.challenge or nil
  return out
end

return progress
