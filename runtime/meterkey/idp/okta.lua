-- Okta, classic authentication API (/api/v1/authn): a transaction goes from state to state until it has its token.
--
--   local idp = require("meterkey.idp.okta") { org = "https://login.example.test" }
--
-- org      origin of the organisation, its own name or a custom one
-- life     seconds a transaction lives untouched (default 300, each call begins them anew)
-- digits   of a code, where the portal says how many (default not said)
-- options  object `options` of the first request, where the portal's page sends one (default none)
--
-- idp:sign_in(s[, { username =, url = }]) returns the session token (one use, minutes) and the transaction that had it;
--   url: of the first request, where the portal's page names one (default <org>/api/v1/authn).
-- idp:start_session(s, token, url) trades the token for the organisation's session cookie and goes on to url.
-- idp:sign_out(s) ends that session.
--
-- Sends a code: POST to a factor's verify link without a code, and its resend links. A push notification counts as one.
-- The organisation sends at most one text or call in 30 s. What marks a lost session: E0000011.
-- A wrong and an expired code look alike (E0000068). A locked account looks like a wrong password unless the
-- organisation shows it. Where the policy allows it, the device is remembered by a device token of our own (s.keep).
--
-- Documented (the vendor's reference): states, links, bodies, errors, masked profiles. Common knowledge: E0000069, the
-- waits of 30 s, signing out by DELETE, where number matching puts the number.
local api, crypto, list = require "meterkey.api", require "meterkey.crypto", require "meterkey.list"
local site = require "meterkey.site"

local Okta = {}
Okta.__index = Okta

local life = 300
local states_at_most = 20

-- What each type of factor is to the customer. `detail` is the key of its profile that tells one from another.
local ways = {
  sms = { kind = "otp", medium = "sms", label = "Text message", detail = "phoneNumber", sends = true,
    prompt = "Enter the code that was sent by text message" },
  call = { kind = "otp", medium = "voice", label = "Voice call", detail = "phoneNumber", sends = true,
    prompt = "Enter the code that the voice call tells" },
  email = { kind = "otp", medium = "email", label = "Email", detail = "email", sends = true,
    prompt = "Enter the code that was sent by email" },
  push = { kind = "approve", medium = "push", label = "Push notification", detail = "name", sends = true,
    prompt = "Approve the sign-in on your device" },
  question = { kind = "question", label = "Security question", detail = "questionText", field = "answer" },
  token = { kind = "otp", medium = "token_device", label = "Security token", detail = "credentialId",
    prompt = "Enter the code that your security token shows" },
  ["token:software:totp"] = { kind = "totp", medium = "app", label = "Authenticator app", detail = "vendorName",
    prompt = "Enter the code of your authenticator app" },
}
ways["token:hardware"], ways["token:hotp"] = ways.token, ways.token

local patterns = {
  { kind = "select", json = "$.status", equals = "MFA_REQUIRED", expires = life,
    prompt = { "How do you want to confirm that it is you?" } },
  { kind = "otp", json = "$.status", equals = "MFA_CHALLENGE", expires = life,
    prompt = { "Enter your verification code" } },
}

local function refusal(code, match, status)
  return { code = code, json = "$.errorCode", match = match, status = status, message = "$.errorSummary" }
end

local function state(code, name)
  return { code = code, json = "$.status", equals = name }
end

local errors = {
  refusal("auth.credentials", [[^E0000004$]]),
  refusal("auth.locked", [[^E0000069$]]),
  refusal("mfa.code_wrong", [[^E0000068$]]),
  refusal("auth.session_lost", [[^E0000011$]]),
  refusal("mfa.send_limited", [[^E0000(109|131|133)$]], 429),
  refusal("site.rate_limited", [[^E0000047$]]),
  { code = "mfa.denied", json = "$.factorResult", equals = "REJECTED" },
  { code = "mfa.approval_expired", json = "$.factorResult", equals = "TIMEOUT" },
  state("auth.locked", "LOCKED_OUT"),
  state("auth.password_expired", "PASSWORD_EXPIRED"),
  state("auth.credentials_reset", "PASSWORD_RESET"),
  state("auth.credentials_reset", "RECOVERY"),
  state("auth.credentials_reset", "RECOVERY_CHALLENGE"),
  state("mfa.must_enroll", "MFA_ENROLL_ACTIVATE"),
}

local function post(s, url, body, options)
  options = options or {}
  options.json, options.headers, options.accept = body, { Accept = "application/json" }, options.accept or { 200 }
  return s:post(url, options)
end

-- The address behind a link of the transaction, or nil; several of one name come as a list.
local function href(object, name)
  local link = api.value(object, "_links", name)
  return api.value(link, "href") or api.value(link, 1, "href")
end

local function go(flow, transaction, name, options)
  return post(flow.s, href(transaction, name), { stateToken = transaction.stateToken }, options)
end

local function detail_of(factor)
  local key = ways[factor.factorType].detail
  return api.value(factor, "profile", key) or api.value(factor, key)
end

-- As choices of a question; nil where there are none.
local function choices_of(factors, without)
  local out = {}
  for _, factor in ipairs(factors or {}) do
    local label, detail = ways[factor.factorType].label, detail_of(factor)
    if detail then label = label .. ": " .. detail end
    if factor.id ~= without then out[#out + 1] = { id = factor.id, label = label } end
  end
  return #out > 0 and out or nil
end

-- The number to tap on the device, where the organisation wants that.
local function number_of(factor)
  local number = api.value(factor, "_embedded", "challenge", "correctAnswer")
  return number and tostring(number)
end

local function challenge_of(flow, factor, alternatives)
  local way = ways[factor.factorType]
  local is_question = way.kind == "question"
  return {
    kind = way.kind, medium = way.medium, prompt = is_question and detail_of(factor) or way.prompt,
    dest = way.kind == "otp" and detail_of(factor) or nil, digits = way.sends and flow.digits or nil,
    alternatives = alternatives, display_code = number_of(factor), expires = flow.life,
  }
end

-- Asks for what confirms the factor: the page that follows. Another way is taken in the state that offers the choice.
local function ask(flow, page, transaction, factor)
  local s, way, sent = flow.s, ways[factor.factorType], transaction.status == "MFA_CHALLENGE"
  local can_go_back = not sent or href(transaction, "prev")
  local alternatives = can_go_back and choices_of(flow.factors, factor.id) or nil
  local url = sent and href(transaction, "next") or href(factor, "verify")
  local handlers = {}
  if way.kind == "approve" then
    function handlers.poll()
      local answer = post(s, url, { stateToken = transaction.stateToken })
      return answer:json().factorResult ~= "WAITING" and answer or nil
    end
  else
    function handlers.verify(answer)
      local body = { stateToken = transaction.stateToken, [way.field or "passCode"] = answer }
      return post(s, url, body, { accept = { 200, 403 }, query = flow.remember and { rememberDevice = "true" } or nil })
    end
  end
  if href(transaction, "resend") then
    function handlers.resend() return go(flow, transaction, "resend", { sends_code = true }) end
  end
  if alternatives then
    function handlers.switch(id)
      flow.chosen = id
      return sent and go(flow, transaction, "prev") or page
    end
  end
  return s:ask(challenge_of(flow, factor, alternatives), handlers)
end

-- What to do in each state that is not an end: the next page.
local states = {}

local function usable(transaction)
  local out = {}
  for _, factor in ipairs(api.value(transaction, "_embedded", "factors") or {}) do
    if ways[factor.factorType] then out[#out + 1] = factor end
  end
  return out
end

local function choose(flow)
  local id = flow.chosen
  flow.chosen = nil
  if not id and #flow.factors > 1 then
    id = flow.s:ask { kind = "select", prompt = patterns[1].prompt, choices = choices_of(flow.factors),
      expires = flow.life }
  end
  for _, factor in ipairs(flow.factors) do
    if factor.id == id then return factor end
  end
  return flow.factors[1]
end

function states.MFA_REQUIRED(flow, page, transaction)
  flow.remember = api.value(transaction, "_embedded", "policy", "allowRememberDevice") == true
  flow.factors = usable(transaction)
  if #flow.factors == 0 then
    flow.s:fail("mfa.unsupported", "the identity provider offers only factors that cannot be passed on")
  end
  local factor = choose(flow)
  if not ways[factor.factorType].sends then return ask(flow, page, transaction, factor) end
  return post(flow.s, href(factor, "verify"), { stateToken = transaction.stateToken }, { sends_code = true })
end

-- The vendor's reference names the factor in the singular in some places, as a list in others.
function states.MFA_CHALLENGE(flow, page, transaction)
  local factor = api.value(transaction, "_embedded", "factor") or api.value(transaction, "_embedded", "factors", 1)
  local kind = api.value(factor, "factorType")
  if not ways[kind] then flow.s:fail("mfa.unsupported", ("the identity provider asks for '%s'"):format(kind)) end
  return ask(flow, page, transaction, factor)
end

function states.MFA_ENROLL(flow, _, transaction)
  if not href(transaction, "skip") then flow.s:fail("mfa.must_enroll") end
  return go(flow, transaction, "skip")
end

-- The password is about to expire, and may still be used.
function states.PASSWORD_WARN(flow, _, transaction)
  if not href(transaction, "skip") then flow.s:fail("auth.password_expired") end
  return go(flow, transaction, "skip")
end

-- Stable from run to run, 32 characters at most: by it the organisation knows the device again.
local function device_token(s)
  s.keep.okta_device = s.keep.okta_device or crypto.uuid():gsub("-", "")
  return s.keep.okta_device
end

function Okta:sign_in(s, given)
  given = given or {}
  local flow = { s = s, life = self.life, digits = self.digits }
  local page = post(s, given.url or self.org .. "/api/v1/authn", {
    username = given.username or s.credentials.username, password = s.credentials.password,
    options = self.options, context = { deviceToken = device_token(s) },
  })
  for _ = 1, states_at_most do
    local transaction = page:json()
    if transaction.status == "SUCCESS" then return transaction.sessionToken, transaction end
    local step = states[transaction.status]
    if not step then
      s:fail("adapter.unexpected_page", ("%s answered %d, state %s, error %s"):format(page.url, page.status,
        transaction.status, transaction.errorCode))
    end
    page = step(flow, page, transaction)
  end
  s:fail("adapter.unexpected_page", "the identity provider goes from state to state without an end")
end

function Okta:start_session(s, token, url)
  local query = { checkAccountSetupComplete = "true", token = token, redirectUrl = url }
  return s:get(self.org .. "/login/sessionCookieRedirect", { query = query })
end

function Okta:sign_out(s)
  s:request("DELETE", self.org .. "/api/v1/sessions/me")
end

return function(config)
  return setmetatable({
    org = config.org, life = config.life or life, digits = config.digits, options = config.options,
    patterns = patterns, errors = list.join(errors, site.errors),
  }, Okta)
end
