-- Made-up customers: the sandbox's scenarios, run by test-submit or by `UAPI_TEST_...` as a user name (utilityapi v2, section 4).
local made_up = {}

-- The sandbox's (core/cli/sandbox_scenarios.c has what each does; tests/service compares).
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

-- What the sandbox calls it, or nil.
function made_up.scenario(name) return scenarios[name] end

-- What such a customer typed. Each has a key of its own: refusing a made-up password again and again locks nobody's account.
-- suffix: "-anna" has a phone of her own.
function made_up.sealed(scenario, suffix)
  local own, user = host.random(16), "UAPI_TEST_" .. scenario .. (suffix or "")
  return { credentials = host.seal("credentials", { username = user, password = "sandbox" }),
    names = { "username", "password" },
    key = host.hash("test:" .. own), digest = host.hash("test digest:" .. own) }
end

-- A request's sealed credentials -> scenario, and what is sealed in their place; nil if a customer of the utility's typed them. A name
-- that is none is refused at the sandbox: the utility sees nothing that begins so.
function made_up.of(sealed)
  if not sealed or not sealed.scenario then return nil end
  local name, suffix = sealed.scenario:match("^([%w_]*)(.*)$")
  local scenario = scenarios[name]
  if not scenario then return "badlogin", made_up.sealed("badlogin") end
  return scenario, made_up.sealed(scenario, suffix)
end

return made_up
