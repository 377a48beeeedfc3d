-- Made-up customers: POST /forms/{uid}/test-submit.
local adapters = require "service.adapters"
local audit = require "service.audit"
local authorizations = require "service.authorizations"
local forms = require "service.forms"
local made_up = require "service.made_up"
local problem = require "service.api.problem"
local api = {}

local REFUSED = {
  disabled = "The data request is disabled.", expired = "The data request has expired.",
  paused = "The utility is paused.",
  resting = "The utility's site is not well; it is tried again in some minutes.",
  in_progress = "A sign-in for this data request is under way.",
}

function api.submit(call)
  local form = forms.get(call.team, call.params.uid)
  if not form then return problem.not_found() end
  local scenario = made_up.scenario(call.body.scenario)
  if not scenario then
    return problem.invalid("scenario", "is not one of the sandbox's; `meterkey sandbox --list` has them")
  end
  if not adapters.by_utility(call.body.utility) then return problem.invalid("utility", "is no utility that is here") end
  local authorization, referral = authorizations.submit(form, { utility = call.body.utility, test = true,
    peer = call.peer,
    email = form.customer_email, scenario = scenario, sealed = made_up.sealed(scenario) })
  if not authorization then return problem.conflict(referral, REFUSED[referral] or "It cannot be submitted now.") end
  if call.body.scenario == "revoked" then authorizations.revoke(call.team, authorization.uid, call:who()) end
  audit.add(call.team, call:who(), "form.tested", "form:" .. form.uid, call.peer)
  return { referral = referral }
end

return api
