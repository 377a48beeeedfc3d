-- Made-up customers: POST /forms/{uid}/test-submit.
local adapters = require "service.adapters"
local audit = require "service.audit"
local authorizations = require "service.authorizations"
local forms = require "service.forms"
local problem = require "service.api.problem"
local api = {}

-- The sandbox's scenarios (core/cli/sandbox_scenarios.c has what each does; tests/service compares).
local scenarios = {}
local names = [[
  residential commercial empty slow badlogin badlogin_after websitedown websitedown_after utilityerror
  utilityerror_after mfa_code mfa_sms mfa_email mfa_voice mfa_question mfa_questions mfa_totp mfa_approve mfa_wrong
  mfa_expired mfa_locked mfa_limit mfa_late mfa_off must_enroll locked password_expired terms terms_required changed
  botwall ratelimited
]]
for name in names:gmatch("%S+") do scenarios[name] = name end

-- Names that clients know from elsewhere. They differ in bills and intervals, which are not read here.
for _, name in ipairs { "nointervals", "partialintervals", "pending_manual_after", "wait_to_login_after", "revoked" } do
  scenarios[name] = "residential"
end

-- Each has a key of its own: refusing a made-up password again and again locks nobody's account.
local function sealed_of(user)
  local own = host.random(16)
  return { credentials = host.seal("credentials", { username = user, password = "sandbox" }),
    names = { "username", "password" },
    key = host.hash("test:" .. own), digest = host.hash("test digest:" .. own) }
end

local REFUSED = {
  disabled = "The data request is disabled.", expired = "The data request has expired.",
  paused = "The utility is paused.",
  resting = "The utility's site is not well; it is tried again in some minutes.",
  in_progress = "A sign-in for this data request is under way.",
}

function api.submit(call)
  local form = forms.get(call.team, call.params.uid)
  if not form then return problem.not_found() end
  local scenario = scenarios[call.body.scenario]
  if not scenario then
    return problem.invalid("scenario", "is not one of the sandbox's; `meterkey sandbox --list` has them")
  end
  if not adapters.by_utility(call.body.utility) then return problem.invalid("utility", "is no utility that is here") end
  local authorization, referral = authorizations.submit(form, { utility = call.body.utility, test = true,
    peer = call.peer,
    email = form.customer_email, scenario = scenario, sealed = sealed_of("UAPI_TEST_" .. scenario) })
  if not authorization then return problem.conflict(referral, REFUSED[referral] or "It cannot be submitted now.") end
  if call.body.scenario == "revoked" then authorizations.revoke(call.team, authorization.uid, call:who()) end
  audit.add(call.team, call:who(), "form.tested", "form:" .. form.uid, call.peer)
  return { referral = referral }
end

return api
