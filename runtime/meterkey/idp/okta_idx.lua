-- Okta Identity Engine: the hosted sign-in page's interface (/idp/idx), a conversation of forms told apart by name.
--
--   local idp = require("meterkey.idp.okta_idx") { org = "https://login.example.test" }
--
-- org   origin of the organisation, its own name or a custom one
-- life  seconds a conversation lives untouched (default 300)
-- or_off  true: where nothing can be passed on, the customer is to switch the second factor off (else mfa.unsupported)
--
-- idp:sign_in(s, page) takes the hosted page (what the portal's authorize request shows) and returns the page behind
--   the success link, somewhere in the portal; or nil and the interaction code, where the organisation ends with one.
-- idp:restore(s), before the first request to the organisation, sets the remembered device's cookie again.
-- idp:sign_out(s) ends the organisation's session.
--
-- Sends a code: choosing an authenticator by phone or email, or a push; answering which number; the resend form. With
-- email alone the answer to the password sends it. What marks a lost session: idx.session.expired. A form that wants a
-- captcha ends site.blocked. The device is remembered by the cookie DT where the first form offers that.
--
-- Documented (the vendor's own client and its fixtures, older ones with factors too): forms, names, media types, links,
-- where the messages are, the escaped token in the page. Common knowledge: most keys of messages, captchaVerify, DT.
local api, json, list = require "meterkey.api", require "meterkey.json", require "meterkey.list"
local regex, site, url = require "meterkey.regex", require "meterkey.site", require "meterkey.url"

local Idx = {}
Idx.__index = Idx

local life = 300
local forms_at_most = 30
local ion = "application/ion+json; okta-version=1.0.0"

-- What an authenticator's method, its type, or an older factor's type is to the customer.
local ways = {
  sms = { kind = "otp", medium = "sms", label = "Text message", sends = true,
    prompt = "Enter the code that was sent by text message" },
  voice = { kind = "otp", medium = "voice", label = "Voice call", sends = true,
    prompt = "Enter the code that the voice call tells" },
  email = { kind = "otp", medium = "email", label = "Email", sends = true,
    prompt = "Enter the code that was sent by email" },
  push = { kind = "approve", medium = "push", label = "Push notification", sends = true,
    prompt = "Approve the sign-in on your device" },
  totp = { kind = "totp", medium = "app", label = "Authenticator app",
    prompt = "Enter the code of your authenticator app" },
  security_question = { kind = "question", label = "Security question", prompt = "Answer your security question" },
  phone = { kind = "otp", label = "Phone", prompt = "Enter the code that was sent to your phone" },
}
ways.call, ways.otp, ways.app, ways.question = ways.voice, ways.totp, ways.totp, ways.security_question
ways["token:software:totp"] = ways.totp

local function asks(kind, path, match)
  return { kind = kind, json = path, match = match, expires = life }
end

-- Once an authenticator other than the password is in turn, a second factor is needed. (While there is only a choice, a
-- password may be among it: the choice itself is asked by sign_in.)
local patterns = {
  asks("otp", "$.currentAuthenticatorEnrollment.value.type", [[^(phone|email)$]]),
  asks("totp", "$.currentAuthenticatorEnrollment.value.type", [[^app$]]),
  asks("question", "$.currentAuthenticatorEnrollment.value.type", [[^security_question$]]),
  asks("otp", "$.currentAuthenticator.value.type", [[^(phone|email)$]]),
  asks("totp", "$.currentAuthenticator.value.type", [[^app$]]),
  asks("question", "$.currentAuthenticator.value.type", [[^security_question$]]),
  asks("otp", "$.factor.value.factorType", [[^(sms|call|email|token:software:totp|question|push)$]]),
}

-- Messages stand beside the forms, or below the field that they are about.
local function told(code, match, at)
  local out = {}
  for i, place in ipairs { "$.messages.value[*]", "$.remediation.value[*].value[*].form.value[*].messages.value[*]" } do
    out[i] = { code = code, json = place .. ".i18n.key", match = match, message = place .. ".message", url = at }
  end
  return out
end

local errors = list.join(
  told("auth.credentials", [[^(errors\.E0000004|incorrectPassword|idx\.unknown\.user)$]]),
  told("auth.locked", [[E0000119$|E0000069$|(?i)user.*locked]]),
  told("auth.session_lost", [[^idx\.session\.expired$]]),
  told("mfa.code_wrong", [[PASSCODE_INVALID$|invalid_passcode$|(?i)answer.*(invalid|incorrect)|E0000068$]]),
  told("mfa.denied", [[(?i)(push|poll).*(reject|denied)]]),
  told("mfa.approval_expired", [[(?i)(push|poll).*(timeout|expired)]]),
  told("mfa.method_unavailable", [[^api\.factors\.error\.\w+\.invalid_\w+$]]),
  told("mfa.send_limited", [[^oie\.tooManyRequests$]], [[/challenge/resend$]]),
  told("site.rate_limited", [[^oie\.tooManyRequests$]]),
  told("site.maintenance", [[^idx\.error\.server\.safe\.mode]]),
  { { code = "auth.password_expired", json = "$.remediation.value[*].name", match = [[^reenroll-authenticator$]] } },
  site.errors)

-- The fields of a form as the hosted page sends them: its own values, and those given. Nested forms are nested objects.
local function fill(fields, given)
  local out = {}
  for _, field in ipairs(fields) do
    local form = field.form or type(field.value) == "table" and field.value.form
    local value = given[field.name]
    if form and value ~= nil then
      out[field.name] = fill(form.value, value)
    elseif not form then
      if value == nil then value = field.value end
      out[field.name] = value
    end
  end
  return out
end

local function field_of(form, name)
  for _, field in ipairs(form.value) do
    if field.name == name then return field end
  end
end

-- Sends a form. `sends` says that the organisation then sends a code.
local function post(flow, form, given, options)
  local s = flow.s
  if field_of(form, "captchaVerify") then
    s:fail("site.blocked", "the sign-in page asks for a captcha, which only a person may answer")
  end
  options = options or {}
  options.json, options.accept = fill(form.value, given or {}), options.accept or { 200 }
  options.headers = { Accept = form.accepts or ion }
  return s:request(form.method or "POST", form.href, options)
end

-- What is in turn: an authenticator enrolled by the customer, an authenticator, or an older answer's factor.
local function current_of(answer)
  return api.value(answer, "currentAuthenticatorEnrollment", "value")
    or api.value(answer, "currentAuthenticator", "value") or api.value(answer, "factor", "value") or {}
end

local function type_of(current)
  return current.type or current.factorType
end

local function way_of(current)
  local method = api.value(current, "methods", 1) or {}
  return ways[method.type or method.methodType] or ways[type_of(current)]
end

local function detail_of(thing)
  return api.value(thing, "profile", "phoneNumber") or api.value(thing, "profile", "email")
end

-- "$.authenticatorEnrollments.value[3]", which may come as a list of one.
local function related(answer, path)
  if type(path) == "table" then path = path[1] end
  local name, index = string.match(path or "", "^%$%.(%w+)%.value%[(%d+)%]$")
  return name and api.value(answer, name, "value", index + 1)
end

local function add_choice(out, id, given, way, label, detail)
  if not way then return end
  label = way == ways.phone and label or way.label
  out[#out + 1] = { id = id, label = detail and label .. ": " .. detail or label, given = given, way = way }
end

-- The ways that one authenticator of a choice has: its method is fixed, to be chosen, or not named at all.
local function add_authenticator(out, answer, form, label, path)
  local enrolled = related(answer, path)
  local id, method = field_of(form, "id").value, field_of(form, "methodType")
  local detail = detail_of(enrolled)
  if not method then
    add_choice(out, id, { id = id }, ways[enrolled and enrolled.type], label, detail)
  end
  for _, option in ipairs(method and method.options or { method }) do
    local given = { id = id, methodType = option.value }
    add_choice(out, id .. "/" .. option.value, given, ways[option.value], label, detail)
    if option.value == "password" then out.password = given end
  end
end

-- The same of older answers: what a factor is stands in a list of its own.
local function add_factors(out, answer, options)
  local known = {}
  for _, factor in ipairs(api.value(answer, "factors", "value") or {}) do known[factor.factorId] = factor end
  for _, option in ipairs(options) do
    local factor = known[option.value] or {}
    add_choice(out, option.value, option.value, ways[factor.factorType], option.label, detail_of(factor))
    if factor.factorType == "password" then out.password = option.value end
  end
end

-- What a form of authenticators or factors offers: a list of choices; `password` if that is among them.
local function choices_of(answer, form)
  local out, field, factor = {}, field_of(form, "authenticator"), field_of(form, "factorId")
  if factor then add_factors(out, answer, factor.options) end
  local single = field and (field.form and field or field.value) -- one authenticator, as itself or as a value
  if single and single.form then add_authenticator(out, answer, single.form, single.label, field.relatesTo) end
  for _, option in ipairs(field and field.options or {}) do
    add_authenticator(out, answer, option.value.form, option.label, option.relatesTo)
  end
  return out
end

-- Choices as the customer sees them; nil if there are none.
local function shown(choices)
  local out = {}
  for i, choice in ipairs(choices) do out[i] = { id = choice.id, label = choice.label } end
  return #out > 0 and out or nil
end

local function find(choices, id)
  for _, choice in ipairs(choices) do
    if choice.id == id then return choice end
  end
end

local function take(flow, form, given, sends)
  local name = field_of(form, "factorId") and "factorId" or "authenticator"
  return post(flow, form, { [name] = given }, { sends_code = sends })
end

local function unsupported(flow, what)
  if flow.or_off then flow.s:must_be_off() end
  flow.s:fail("mfa.unsupported", "the identity provider asks for " .. what)
end

local function choose(flow, answer, form)
  local choices = choices_of(answer, form)
  if choices.password and not flow.password_sent then return take(flow, form, choices.password) end
  if #choices == 0 then unsupported(flow, "only authenticators that cannot be passed on") end
  local chosen = choices[1]
  if #choices > 1 then
    local challenge = { kind = "select", choices = shown(choices), expires = flow.life,
      prompt = "How do you want to confirm that it is you?" }
    chosen = find(choices, flow.s:ask(challenge))
  end
  return take(flow, form, chosen.given, chosen.way.sends)
end

-- Forms of the answer by name.
local function forms_of(answer)
  local forms = {}
  for _, form in ipairs(api.value(answer, "remediation", "value") or {}) do forms[form.name] = form end
  return forms
end

-- Another way to confirm, while one is in turn: handler and alternatives, nil where there is none.
local function switching(flow, answer, forms)
  local form = forms["select-authenticator-authenticate"] or forms["select-factor"]
  local choices = form and choices_of(answer, form)
  if not choices or #choices == 0 then return nil end
  return shown(choices), function(id)
    local chosen = find(choices, id)
    return take(flow, form, chosen.given, chosen.way.sends)
  end
end

local function challenge_of(flow, current, way, alternatives)
  local number = api.value(current, "contextualData", "correctAnswer")
  return { kind = way.kind, medium = way.medium, prompt = way.prompt, dest = detail_of(current), expires = flow.life,
    alternatives = alternatives, display_code = number and tostring(number) }
end

local function handlers_of(flow, answer, forms)
  local handlers, resend = {}, current_of(answer).resend
  local alternatives, switch = switching(flow, answer, forms)
  handlers.switch = switch
  if resend then
    function handlers.resend() return post(flow, resend, nil, { sends_code = true }) end
  end
  return handlers, alternatives
end

-- What to do with each form, in the order of what to look for: the page that follows.
local steps = {}

function steps.identify(flow, _, form)
  if flow.identified then flow.s:fail("adapter.unexpected_page", "the identity provider asks for the name again") end
  flow.identified, flow.password_sent = true, field_of(form, "credentials") ~= nil
  local credentials = { passcode = flow.s.credentials.password }
  return post(flow, form, { identifier = flow.s.credentials.username, credentials = credentials,
    rememberMe = field_of(form, "rememberMe") and true or nil })
end

local function send_password(flow, form)
  if flow.password_sent then
    flow.s:fail("adapter.unexpected_page", "the identity provider asks for the password again")
  end
  flow.password_sent = true
  return post(flow, form, { credentials = { passcode = flow.s.credentials.password } })
end

-- The field of the credentials that the answer goes into, and a question's own words.
local function answer_field(form)
  local name, question
  for _, field in ipairs(field_of(form, "credentials").form.value) do
    if field.name == "questionKey" then question = field.label end
    if field.value == nil and not name then name = field.name end
  end
  return name, question
end

steps["challenge-authenticator"] = function(flow, answer, form, forms)
  local current = current_of(answer)
  if type_of(current) == "password" then return send_password(flow, form) end
  local way = way_of(current)
  if not way then unsupported(flow, tostring(type_of(current))) end
  local handlers, alternatives = handlers_of(flow, answer, forms)
  local name, question = answer_field(form)
  function handlers.verify(given)
    return post(flow, form, { credentials = { [name] = given } }, { accept = { 200, 400, 401, 403 } })
  end
  local challenge = challenge_of(flow, current, way.kind == "approve" and ways.totp or way, alternatives)
  challenge.prompt = question or challenge.prompt
  return flow.s:ask(challenge, handlers)
end

steps["challenge-factor"] = steps["challenge-authenticator"]

steps["challenge-poll"] = function(flow, answer, form, forms)
  local handlers, alternatives = handlers_of(flow, answer, forms)
  handlers.every = math.min(math.max((form.refresh or 4000) / 1000, 1), 60)
  function handlers.poll()
    local page = post(flow, form)
    return not forms_of(page:json())["challenge-poll"] and page or nil
  end
  return flow.s:ask(challenge_of(flow, current_of(answer), ways.push, alternatives), handlers)
end

steps["authenticator-verification-data"] = choose
steps["select-authenticator-authenticate"] = choose
steps["select-factor"] = choose

-- An enrolment, or a password about to expire, that may be put off.
function steps.skip(flow, _, form)
  return post(flow, form)
end

local order = { "identify", "challenge-authenticator", "challenge-factor", "challenge-poll",
  "authenticator-verification-data", "select-authenticator-authenticate", "select-factor", "skip" }

local function no_step(s, page, forms)
  for _, name in ipairs { "select-authenticator-enroll", "enroll-authenticator", "authenticator-enrollment-data" } do
    if forms[name] then s:fail("mfa.must_enroll") end
  end
  local names = {}
  for name in pairs(forms) do names[#names + 1] = name end
  s:fail("adapter.unexpected_page", ("%s answered %d with the forms: %s"):format(page.url, page.status,
    table.concat(names, ", ")))
end

local function step(flow, page, answer)
  local forms = forms_of(answer)
  for _, name in ipairs(page.status == 200 and order or {}) do
    if forms[name] then return steps[name](flow, answer, forms[name], forms) end
  end
  return no_step(flow.s, page, forms)
end

local function unescape(text)
  return (regex.gsub(text, [[\\(?:x([0-9A-Fa-f]{2})|u00([0-9A-Fa-f]{2})|(.))]], function(m)
    return m[3] or string.char(tonumber(m[1] or m[2], 16))
  end))
end

-- The token that the hosted page's script begins with.
local function token_of(s, page)
  local found = page:match([[\bstateToken["']?\s*[:=]\s*["']([^"']+)["'] ]], "x")
  if found then return unescape(found[1]) end
  site.page(s, page)
  s:fail("adapter.unexpected_page", ("no sign-in page of the identity provider at %s"):format(page.url))
end

local function interaction_code(answer)
  local form = api.value(answer, "successWithInteractionCode")
  local field = form and field_of(form, "interaction_code")
  return field and field.value
end

function Idx:restore(s)
  if not s.keep.okta_device then return end
  local host = url.parse(self.org).host
  s.cookies:set { name = "DT", value = s.keep.okta_device, domain = host, host_only = true, secure = true, path = "/" }
end

function Idx:sign_in(s, page)
  local flow = { s = s, life = self.life, or_off = self.or_off }
  local body = json.encode { stateToken = token_of(s, page) }
  local options = { body = body, type = ion, headers = { Accept = ion }, accept = { 200 } }
  page = s:post(self.org .. "/idp/idx/introspect", options)
  for _ = 1, forms_at_most do
    local answer = page:json()
    local code = interaction_code(answer)
    if code or answer.success then
      s.keep.okta_device = s.cookies:get("DT", self.org .. "/") or s.keep.okta_device
      if code then return nil, code end
      return s:get(answer.success.href)
    end
    page = step(flow, page, answer)
  end
  s:fail("adapter.unexpected_page", "the identity provider goes from form to form without an end")
end

function Idx:sign_out(s)
  s:request("DELETE", self.org .. "/api/v1/sessions/me")
end

return function(config)
  return setmetatable({ org = config.org, life = config.life or life, or_off = config.or_off,
    patterns = patterns, errors = errors }, Idx)
end
