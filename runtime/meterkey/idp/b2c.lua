-- Azure AD B2C with custom policies: a chain of pages whose scripts say what the next request must carry.
--
--   local idp = require("meterkey.idp.b2c") { entry = "https://secure.example.test/login" }
--
-- entry   URL that leads to the policy's authorize page
-- app     true where the portal is an application in the browser: the authorization that the entry begins is begun
--         anew with state, nonce and PKCE of our own, and its code traded for tokens (see meterkey.idp.oidc)
-- user    name of the field for the user name, where the page does not list its fields (default signInName)
-- digits  of a one-time code, where that is known
--
-- sign_in(s) returns the page that the policy leads back to, and with `app` the tokens. sign_out(s, url) ends the
-- provider's session and comes back at url. `kinds` is for the manifest: those of the patterns, and approve, since a
-- call is asked about aside of them.
--
-- Every page has SETTINGS (csrf, transId, api, hosts), which replace those of the page before. Answers to POSTs are
-- HTTP 200 with a status in their JSON, a string. After an accepted POST the request `confirmed` gives the next page or
-- leads back. A second factor is one of:
--   choice   fields displayEmailAddress, displayPhoneNumber and mfaEnabledRadio: nothing is sent yet
--   control  emailVerificationControl or textVerificationControl: SendCode sends, VerifyCode checks
--   phone    UV_PHONE with the customer's numbers: VERIFICATION_REQUEST sends or calls, VALIDATION_REQUEST checks;
--            after a call it has no code and is repeated until the customer has pressed the key
--   legacy   a field with VERIFY: the same two requests, of SelfAsserted
-- A code lives ten minutes. What marks a lost session: 400 or 403 from a step, an error instead of the code, the page
-- for the password again. Fields that a page has filled in go back as they are, so that no setting of the customer's
-- changes. AADB2C90278, given for a stale session though the password is right, is answered by beginning anew, once.
--
-- Documented (public clients): SETTINGS, SA_FIELDS, requests and answers of choice, control and phone, how a call is
-- waited for, a captcha's field and setting; AADB2C90118, 90035, 90278. Common knowledge: the other error codes,
-- legacy, the life of a code. Modelled: terms, new passwords and enrolment by the names of their fields.
local http, json, list, site, url = require "meterkey.http", require "meterkey.json", require "meterkey.list",
  require "meterkey.site", require "meterkey.url"
local oidc, rules, saml = require "meterkey.idp.oidc", require "meterkey.idp.b2c_rules", require "meterkey.idp.saml"

local B2c = {}
B2c.__index = B2c

local View = {}
View.__index = View

local life, stale, prompts = rules.life, rules.stale, rules.prompts
local steps_at_most = 8
local wait = 5 -- seconds, as the page does

-- Pages

-- A JSON object among other text.
local object = [[(?<object>\{(?:[^{}"]++|"(?:[^"\\]++|\\.)*+"|(?&object))*+\})]]

-- The value of a script's variable that is an object, or nil.
local function variable(page, name)
  local found = page:match([[\bvar\s+]] .. name .. [[\s*=\s*]] .. object)
  return found and json.decode(found.object)
end

-- A page of the policy's, or nil. Requests go to `base`; `address` is what they are sent from.
local function open(page)
  local settings = page.type == "text/html" and variable(page, "SETTINGS")
  if not settings or not settings.transId then return nil end
  local fields = variable(page, "SA_FIELDS") or {}
  return setmetatable({
    settings = settings, address = page.url, base = url.origin(page.url) .. settings.hosts.tenant,
    fields = fields.AttributeFields or {}, phones = (variable(page, "UV_PHONE") or {}).PhoneNumbers,
  }, View)
end

function View:field(id)
  for _, field in ipairs(self.fields) do
    if field.ID == id then return field end
  end
end

local function filled(field)
  return field and type(field.PRE) == "string" and field.PRE ~= "" and field.PRE or nil
end

-- Fields of the page as it has them, which a browser sends back with every step.
function View:values()
  local out = {}
  for _, field in ipairs(self.fields) do
    if type(field.PRE) == "string" then out[field.ID] = field.PRE end
  end
  return out
end

-- URL and options of a POST of the page's script.
function View:request(path, fields, sends_code)
  local settings = self.settings
  return self.base .. path, {
    headers = { ["X-CSRF-TOKEN"] = settings.csrf, ["X-Requested-With"] = "XMLHttpRequest",
      ["x-ms-cpim-pageviewid"] = settings.isPageViewIdSentWithHeader == true and settings.pageViewId or nil,
      Accept = "application/json, text/javascript, */*; q=0.01" },
    query = { tx = settings.transId, p = settings.hosts.policy }, form = fields, referer = self.address,
    sends_code = sends_code,
  }
end

function View:post(s, ...)
  return s:post(self:request(...))
end

-- A captcha is a control of the page, or the phone page's by its setting. Nothing is sent from such a page.
function View:check_captcha(s)
  local config = self.settings.config
  local wanted = type(config) == "table" and config.enableCaptchaChallenge
  if self:field "captchaControlChallengeCode" or tostring(wanted):lower() == "true" then
    s:fail("site.blocked", "the sign-in page asks for a captcha")
  end
end

-- The step after an accepted one: the page that it leads to, and the answer if it leads back to the application, by a
-- redirect or by a form that submits itself.
function View:confirmed(s, remember)
  local settings = self.settings
  local diagnostics = { pageViewId = settings.pageViewId, pageId = settings.api, trace = json.array {} }
  local page = s:get(("%s/api/%s/confirmed"):format(self.base, settings.api), {
    query = { rememberMe = remember, csrf_token = settings.csrf, tx = settings.transId, p = settings.hosts.policy,
      diags = json.encode(diagnostics) },
    referer = self.address, redirect = false,
  })
  if not page.headers.location then return page, oidc.answer(page) end
  return s:get(page.headers.location, { referer = self.address }), oidc.answer(page)
end

local function decoded(page)
  local value = page.type:find("json", 1, true) and page:json()
  return type(value) == "table" and value or nil
end

local function accepted(page)
  local reply = decoded(page)
  return reply ~= nil and tostring(reply.status) == "200"
end

-- What no entry of `errors` knows. Once a code was asked for, HTML in place of JSON is the transaction's end.
local function refuse(s, page, later)
  local reply = decoded(page)
  if not reply and later then s:fail("auth.session_lost", "the sign-in page answered status " .. page.status) end
  if not reply then site.page(s, page) end
  s:fail("adapter.unexpected_page", ("the sign-in page refused: %s %s"):format(reply and reply.errorCode or page.status,
    reply and reply.message or ""))
end

-- The second factor

local function send(s, view, path, fields)
  local page = view:post(s, path, fields, true)
  if not accepted(page) then refuse(s, page, true) end
  return page
end

-- Asks for the code that `way` sends and checks, and goes on: the next page, and the answer.
local function relay(s, view, way)
  local answer
  send(s, view, way.send, way.fields)
  local challenge = { kind = "otp", medium = way.medium, prompt = prompts[way.medium], dest = way.dest,
    digits = way.digits, expires = life }
  local page = s:ask(challenge, {
    verify = function(code)
      local checked = view:post(s, way.check, way.with(code))
      if not accepted(checked) then return checked end
      if way.finish then
        local finished = view:post(s, "/SelfAsserted", way.finish(code))
        if not accepted(finished) then refuse(s, finished, true) end
      end
      local page
      page, answer = view:confirmed(s)
      return page
    end,
    resend = function() send(s, view, way.send, way.fields) end,
  })
  if decoded(page) then refuse(s, page, true) end
  return page, answer
end

local function merged(...)
  local out = {}
  for _, fields in ipairs { ... } do
    for name, value in pairs(fields) do out[name] = value end
  end
  return out
end

local function control_of(view)
  for _, field in ipairs(view.fields) do
    if field.ID:find("^%a+VerificationControl") then return field end
  end
end

-- What carries out a choice, by its documented name, where the page does not list it.
local function chosen_control(known)
  return known.chosen and { ID = known.chosen:lower() .. "VerificationControl" }
end

-- A display control. Where its own fields hold no destination, the page's do, or those of the choice before.
local function by_control(s, view, control, known, digits)
  local medium = control.ID:find("^email") and "email" or "sms"
  local name = medium == "email" and "displayEmailAddress" or "displayPhoneNumber"
  local dest = known[name]
  for _, field in ipairs(control.DISPLAY_FIELDS or {}) do
    if filled(field) then name, dest = field.ID, field.PRE end
  end
  if not dest then s:fail("mfa.must_enroll", "the portal wants to send a code and knows no address to send it to") end
  local path, claims = "/SelfAsserted/DisplayControlAction/vbeta/" .. control.ID, { [name] = dest }
  local function with(code) return merged(claims, { verificationCode = code }) end
  return relay(s, view, {
    medium = medium, dest = dest, digits = digits, send = path .. "/SendCode", fields = claims,
    check = path .. "/VerifyCode", with = with,
    finish = function(code) return merged(view:values(), with(code), { request_type = "RESPONSE" }) end,
  })
end

-- The id of the phone to use, and its masked number.
local function chosen_phone(s, view)
  local choices, numbers = {}, {}
  for i, phone in ipairs(view.phones) do
    local id, number = tostring(phone.Id), phone.MaskedNumber or phone.Number
    choices[i], numbers[id] = { id = id, label = number or "Phone " .. i }, number
  end
  if #choices == 0 then s:fail("mfa.must_enroll", "the portal wants to send a code and knows no phone number") end
  local id = #choices == 1 and choices[1].id
    or s:ask { kind = "select", prompt = "Which phone should be used?", choices = choices, expires = life }
  return id, numbers[id]
end

-- What has become of a call: true once the key was pressed, nil until then. It is asked aside of the patterns, to which
-- the answer would be that of a wrong code.
local function is_answered(s, view, path)
  local page, problem = http.post(view:request(path, { request_type = "VALIDATION_REQUEST" }))
  local status = page and (decoded(page) or {}).status
  if status == "449" then return nil end
  if status == "200" then return true end
  if status == "448" then s:fail("mfa.denied", "the call was not answered, or was declined") end
  s:fail("auth.session_lost", "the sign-in page no longer knows of the call: " .. tostring(problem or page.status))
end

local function by_call(s, view, path, id, dest)
  local fields = { request_type = "VERIFICATION_REQUEST", auth_type = "dialphone", id = id }
  local answer
  send(s, view, path, fields)
  local page = s:ask({ kind = "approve", medium = "voice", prompt = prompts.voice, dest = dest, expires = life }, {
    every = wait,
    poll = function()
      if not is_answered(s, view, path) then return nil end
      local page
      page, answer = view:confirmed(s)
      return page
    end,
    resend = function() send(s, view, path, fields) end,
  })
  return page, answer
end

local function by_phone(s, view, known, digits)
  local id, dest = chosen_phone(s, view)
  local path = "/" .. view.settings.api .. "/verify"
  if known.chosen == "Call" then return by_call(s, view, path, id, dest) end
  return relay(s, view, {
    medium = "sms", dest = dest, digits = digits, send = path, check = path,
    fields = { request_type = "VERIFICATION_REQUEST", auth_type = "onewaysms", id = id },
    with = function(code) return { request_type = "VALIDATION_REQUEST", verification_code = code } end,
  })
end

local function to_verify(view)
  for _, field in ipairs(view.fields) do
    if field.VERIFY == true then return field end
  end
end

local function by_legacy_check(s, view, digits)
  local field = to_verify(view)
  local dest = filled(field) or s:fail("user_action.contact", "the portal wants an email address to be entered")
  return relay(s, view, {
    medium = "email", dest = dest, digits = digits, send = "/SelfAsserted", check = "/SelfAsserted",
    fields = { request_type = "VERIFICATION_REQUEST", claim_id = field.ID, claim_value = dest },
    with = function(code) return { request_type = "VALIDATION_REQUEST", claim_id = field.ID, user_input = code } end,
    finish = function() return merged(view:values(), { request_type = "RESPONSE" }) end,
  })
end

-- Values that a field may take, all of them where the page does not list any.
local function options_of(field)
  local out, listed = {}, type(field.OPTIONS) == "table" and field.OPTIONS or {}
  for _, option in ipairs(listed) do out[option.VAL] = true end
  return next(out) and out or { Text = true, Email = true, Call = true }
end

-- The page that lets the customer choose. Posting the choice sends nothing yet.
local function by_choice(s, view, known)
  local email, phone = filled(view:field "displayEmailAddress"), filled(view:field "displayPhoneNumber")
  local offered, choices = options_of(view:field "mfaEnabledRadio"), {}
  local function offer(id, label, dest, medium)
    if dest and offered[id] then choices[#choices + 1] = { id = id, label = label .. dest, medium = medium } end
  end
  offer("Text", "Text message to ", phone, "sms")
  offer("Email", "Email to ", email, "email")
  offer("Call", "Phone call to ", phone, "voice")
  if #choices == 0 then s:fail("mfa.must_enroll", "the portal wants multi-factor authentication to be set up") end
  local way = #choices == 1 and choices[1].id
    or s:ask { kind = "select", prompt = "How do you want to receive your code?", choices = choices, expires = life }
  known.chosen = way
  local fields = merged(view:values(), { mfaEnabledRadio = way, request_type = "RESPONSE" })
  local page = view:post(s, "/SelfAsserted", fields)
  if not accepted(page) then refuse(s, page, true) end
  return view:confirmed(s)
end

-- A page with something to fill in that is the customer's business, or that nobody knows.
local function unknown_page(s, view)
  local names = {}
  for i, field in ipairs(view.fields) do names[i] = field.ID end
  local all = table.concat(names, ", ")
  if view:field "password" or view.settings.api:find("[Ss]ignin") then
    s:fail("auth.session_lost", "the portal asks for the password again")
  end
  if all:find("newPassword", 1, true) then s:fail("auth.password_expired", "the portal wants a new password") end
  if all:lower():find("terms", 1, true) then s:fail("user_action.terms", "the portal wants its terms accepted") end
  s:fail("adapter.unexpected_page", ("an unknown step %s with the fields %s"):format(view.settings.api, all))
end

-- One step of the chain: the next page, and the answer if it leads back.
local function step(s, view, known, digits)
  local control = control_of(view)
  view:check_captcha(s)
  if view.phones then return by_phone(s, view, known, digits) end
  if view:field "mfaEnabledRadio" and not control and not known.chosen then return by_choice(s, view, known) end
  control = control or chosen_control(known)
  if control then return by_control(s, view, control, known, digits) end
  if to_verify(view) then return by_legacy_check(s, view, digits) end
  return unknown_page(s, view)
end

-- The whole

-- An error that came back in place of a code.
local function check_answer(s, answer, later)
  if not answer or not answer.error then return end
  local text = answer.error_description or answer.error
  local code = text:match("AADB2C%d+")
  if code == "AADB2C90118" then s:fail("auth.password_expired", text) end
  if code == "AADB2C90035" then s:fail("site.maintenance", text) end
  s:fail(later and "auth.session_lost" or "adapter.unexpected_page", text)
end

-- The policy's page, or what stands in its place.
local function expect_view(s, page)
  local view = open(page)
  if view then
    view:check_captcha(s)
    return view
  end
  if page.status == 400 then s:fail("site.blocked", "the portal answered status 400 before any page") end
  site.page(s, page, rules.script "var SETTINGS")
  s:fail("adapter.unexpected_page", "SETTINGS could not be read on " .. page.url)
end

local user_fields = { "signInName", "logonIdentifier", "email", "username" }

function B2c:user_field(view)
  for _, name in ipairs(user_fields) do
    if view:field(name) then return name end
  end
  return self.user or "signInName"
end

-- The password step: the next page and the answer, or nil where the session is stale.
function B2c:enter(s, view)
  local fields = { request_type = "RESPONSE", password = s.credentials.password }
  fields[self:user_field(view)] = s.credentials.username
  s.b2c = view.base
  local page = view:post(s, "/SelfAsserted", fields)
  if not accepted(page) then
    if (decoded(page) or {}).errorCode == stale then return nil end
    refuse(s, page)
  end
  local config = view.settings.config
  local reached, answer = view:confirmed(s, type(config) == "table" and config.enableRememberMe or nil)
  if answer and (answer.error_description or ""):find(stale, 1, true) then return nil end
  return reached, answer
end

-- The policy may be in the query instead of the path; the token endpoint then wants it there too.
local function token_url(authorize)
  local policy = authorize:match("[?&](p=[^&#]*)")
  return authorize:match("^[^?#]*"):gsub("/authorize$", "/token") .. (policy and "?" .. policy or "")
end

-- The page for the password, and the flow that it belongs to where that is ours.
function B2c:begin(s)
  local page = s:get(self.entry)
  local view = expect_view(s, page)
  if not self.app then return view end
  local flow = oidc.begin { authorize = page.url, token = token_url(page.url), response_mode = "query" }
  return expect_view(s, s:get(flow.url)), flow
end

-- Beyond the password: the page that the last step leads to, and the answer.
function B2c:go_on(s, page, answer)
  local known, steps, view = {}, 0, open(page)
  while view and not answer do
    steps = steps + 1
    if steps > steps_at_most then s:fail("adapter.unexpected_page", "the sign-in's steps have no end") end
    for name, value in pairs(view:values()) do known[name] = value end
    page, answer = step(s, view, known, self.digits)
    view = open(page)
  end
  check_answer(s, answer, steps > 0)
  if not self.app then page = saml.pass(s, page) end
  if not answer and url.origin(page.url) == url.origin(s.b2c) then
    s:fail(steps > 0 and "auth.session_lost" or "adapter.unexpected_page", "the sign-in leads nowhere: " .. page.url)
  end
  return page, answer
end

function B2c:sign_in(s)
  local view, flow = self:begin(s)
  local page, answer = self:enter(s, view)
  if not page then
    s.cookies:clear()
    view, flow = self:begin(s)
    page, answer = self:enter(s, view)
    if not page then s:fail("adapter.unexpected_page", "the portal calls a fresh session stale (" .. stale .. ")") end
  end
  page, answer = self:go_on(s, page, answer)
  return page, flow and flow:token(s, flow:check(s, answer))
end

function B2c.sign_out(_, s, target)
  s:get(s.b2c .. "/oauth2/v2.0/logout", { query = { post_logout_redirect_uri = target } })
end

return function(config)
  return setmetatable({
    entry = config.entry, app = config.app, user = config.user, digits = config.digits, life = life,
    patterns = rules.patterns(config.digits), kinds = { "otp", "select", "approve" },
    errors = list.join(rules.errors, site.errors),
  }, B2c)
end
