-- ForgeRock AM / PingAM: an authentication tree by REST, a conversation of callbacks until it gives a token.
--
--   local idp = require("meterkey.idp.forgerock") { am = "https://login.example.test", realm = "customers", tree = "login" }
--
-- am       origin (and context path, where there is one) of the access manager
-- realm    below root
-- tree     name of the authentication tree
-- headers  further headers of each request (default none), such as the Origin of the portal's own page
--
-- idp:sign_in(s) returns the last answer (tokenId, successUrl); the session is in the manager's cookie.
-- idp:sign_out(s) ends it.
--
-- Callbacks are taken by type, never by position; the whole object goes back with the inputs filled in, since authId is good
-- for one step. Answering the choice of a delivery sends a code, so does the resend option of a confirmation. A challenge
-- lives five minutes. What marks a lost session: 401 with detail.errorCode 110. A device is remembered by the manager's own cookie.
--
-- Documented (the vendor's SDK and manual): exchange, types, names of outputs, choices and confirmations by index. Common
-- knowledge: the words of refusals, life and length of codes, that a wrong code comes as the same step with a message.
local list, regex, site = require "meterkey.list", require "meterkey.regex", require "meterkey.site"

local Forgerock = {}
Forgerock.__index = Forgerock

local life = 300
local steps_at_most = 20

local errors = {
  { code = "auth.session_lost", json = "$.detail.errorCode", equals = "110" },
  { code = "auth.locked", json = "$.code", match = "^401$", text = [[(?i)lock(ed|out)]], message = "$.message" },
  { code = "auth.password_expired", json = "$.code", match = "^401$", text = [[(?i)password.{0,20}expired]],
    message = "$.message" },
  { code = "mfa.tries_exhausted", json = "$.code", match = "^401$",
    text = [[(?i)(max|too many).{0,30}(tries|attempts|retries)]], message = "$.message" },
  { code = "mfa.code_wrong", json = "$.code", match = "^401$", text = [[(?i)(one.?time|otp|passcode|verification code)]],
    message = "$.message", final = true },
  { code = "auth.credentials", json = "$.code", match = "^401$",
    text = [[(?i)authentication failed|login failure|invalid (password|credentials)]], message = "$.message" },
  { code = "mfa.code_expired", json = "$.callbacks", text = [[(?i)"TextOutputCallback".*(code|passcode|otp)[^"]*expired]] },
  { code = "mfa.code_wrong", json = "$.callbacks",
    text = [[(?i)"TextOutputCallback".*(code|passcode|otp)[^"]*(incorrect|invalid|wrong|not (valid|match))]] },
  { code = "mfa.code_wrong", json = "$.callbacks",
    text = [[(?i)"TextOutputCallback".*(incorrect|invalid|wrong)[^"]*(code|passcode|otp)]] },
}

-- Types that end the conversation, and how.
local ends = {
  ReCaptchaCallback = { "site.blocked", "the sign-in asks for a captcha" },
  ReCaptchaEnterpriseCallback = { "site.blocked", "the sign-in asks for a captcha" },
  SuspendedTextOutputCallback = { "mfa.unsupported", "the sign-in goes on by a link in an e-mail" },
  ValidatedCreatePasswordCallback = { "auth.password_expired", "the utility wants a new password to be chosen on its website" },
  ValidatedCreateUsernameCallback = { "user_action.profile", "the utility wants a user name to be chosen on its website" },
  KbaCreateCallback = { "user_action.profile", "the utility wants security questions to be set up on its website" },
  StringAttributeInputCallback = { "user_action.profile", "the utility wants the profile to be completed on its website" },
  BooleanAttributeInputCallback = { "user_action.profile", "the utility wants the profile to be completed on its website" },
  NumberAttributeInputCallback = { "user_action.profile", "the utility wants the profile to be completed on its website" },
}

-- Types that go back as they came.
local silent = { TextOutputCallback = true, HiddenValueCallback = true, MetadataCallback = true, DeviceProfileCallback = true,
  PingOneProtectInitializeCallback = true, PingOneProtectEvaluationCallback = true }

local function output(callback, name)
  for _, one in ipairs(callback.output or {}) do
    if one.name == name then return one.value end
  end
end

local function put(callback, value) callback.input[1].value = value end

local function is_code(callback, stage)
  local words = (output(callback, "prompt") or "") .. " " .. (stage or "")
  return regex.match(words, [[(?i)one.?time|otp|passcode|verification|\bcode\b]]) ~= nil
end

local function medium_of(words)
  if regex.match(words, [[(?i)e-?mail]]) then return "email" end
  if regex.match(words, [[(?i)sms|text|mobile]]) then return "sms" end
  return regex.match(words, [[(?i)voice|call]]) and "voice" or nil
end

function Forgerock:post(s, body, options)
  options = options or {}
  options.headers = { ["Accept-API-Version"] = "resource=2.0, protocol=1.0", Accept = "application/json" }
  for name, value in pairs(self.headers or {}) do options.headers[name] = value end
  if body then options.json = body else options.body, options.type = "", "application/json" end
  return s:post(self.url, options)
end

-- The step that a page holds.
local function step_of(s, page)
  local step = site.json(s, page)
  if type(step) ~= "table" or not (step.tokenId or step.callbacks) then
    s:fail("adapter.unexpected_page", ("the tree answered status %d with neither callbacks nor a token"):format(page.status))
  end
  return step
end

-- What a step's callbacks are for: { type = callback }, and `code` or `question` for what the customer must type.
local function sort(flow, step)
  local found = {}
  for _, callback in ipairs(step.callbacks) do
    local kind = callback.type
    local over = ends[kind]
    if over then flow.s:fail(over[1], over[2]) end
    if (kind == "NameCallback" and flow.named) or (kind == "PasswordCallback" and flow.worded) or kind == "TextInputCallback" then
      found[is_code(callback, step.stage) and "code" or "question"] = callback
    elseif kind == "NameCallback" or kind == "PasswordCallback" or kind == "ChoiceCallback" or kind == "ConfirmationCallback"
      or kind == "PollingWaitCallback" or kind == "TermsAndConditionsCallback" then
      found[kind] = callback
    elseif not silent[kind] then
      flow.s:fail("adapter.unexpected_page", "the tree asks for something that is not known: " .. tostring(kind))
    end
  end
  return found
end

-- Index of the option that sends the code again, or nil; of the one that goes on.
local function options_of(callback)
  local resend, go
  for i, text in ipairs(callback and output(callback, "options") or {}) do
    if regex.match(text, [[(?i)resend|again|new code]]) then resend = i - 1 elseif not go then go = i - 1 end
  end
  return resend, go or 0
end

-- Chooses to go on, where the step asks.
local function confirm(callback)
  local _, go = options_of(callback)
  if callback then put(callback, go) end
end

local function message_of(step)
  for _, callback in ipairs(step.callbacks) do
    local text = callback.type == "TextOutputCallback" and output(callback, "messageType") ~= "4" and output(callback, "message")
    if text then return text end
  end
end

-- What the customer types: a code, or the answer to a question. The handlers work on the newest step.
local function ask(flow, page, step, found)
  local what = found.code or found.question
  local words = (output(what, "prompt") or "") .. " " .. (step.stage or "") .. " " .. (message_of(step) or "")
  local challenge = { kind = found.code and "otp" or "question", expires = life,
    medium = found.code and (flow.medium or medium_of(words)) or nil,
    prompt = found.code and "Enter the code that the utility sent you" or output(what, "prompt") }
  local handlers = {}
  function handlers.verify(answer, latest)
    local now = step_of(flow.s, latest)
    local parts = sort(flow, now)
    put(parts.code or parts.question, answer)
    confirm(parts.ConfirmationCallback)
    return flow.idp:post(flow.s, now)
  end
  if options_of(found.ConfirmationCallback) then
    function handlers.resend(latest)
      local now = step_of(flow.s, latest)
      local confirmation = sort(flow, now).ConfirmationCallback
      put(confirmation, (options_of(confirmation)))
      return flow.idp:post(flow.s, now, { sends_code = true })
    end
  end
  flow.page = page
  return flow.s:ask(challenge, handlers)
end

-- How the code is to come: by the index of the choice. The answer makes the manager send it.
local function choose(flow, step, callback)
  local choices = {}
  for i, label in ipairs(output(callback, "choices") or {}) do choices[i] = { id = tostring(i - 1), label = label } end
  if #choices == 0 then flow.s:fail("mfa.method_unavailable", "the tree offers no way to send a code") end
  local id = choices[1].id
  if #choices > 1 then
    id = flow.s:ask { kind = "select", choices = choices, expires = life,
      prompt = output(callback, "prompt") or "How should the code be sent?" }
  end
  flow.medium = medium_of(choices[tonumber(id) + 1].label)
  put(callback, tonumber(id))
  return flow.idp:post(flow.s, step, { sends_code = true })
end

local function agree(flow, step, callback)
  flow.s:ask { kind = "acknowledge", prompt = output(callback, "terms") or "The utility asks you to accept its terms." }
  put(callback, true)
  return flow.idp:post(flow.s, step)
end

-- Waits as long as the manager says; behind it is an approval on another device.
local function wait(flow, step, callback)
  local every = (tonumber(output(callback, "waitTime")) or 5000) / 1000
  return flow.s:ask({ kind = "approve", medium = "push", expires = life,
    prompt = output(callback, "message") or "Approve the sign-in on your device" }, {
    every = every,
    poll = function()
      local page = flow.idp:post(flow.s, step)
      local now = step_of(flow.s, page)
      if now.callbacks and sort(flow, now).PollingWaitCallback then
        step = now
        return nil
      end
      return page
    end,
  })
end

-- Name and password, where the step asks for them; other inputs go back as they are.
local function identify(flow, step, found)
  if found.NameCallback then
    put(found.NameCallback, flow.s.credentials.username)
    flow.named = true
  end
  if found.PasswordCallback then
    put(found.PasswordCallback, flow.s.credentials.password)
    flow.worded = true
  end
  confirm(found.ConfirmationCallback)
  return flow.idp:post(flow.s, step)
end

local function go_on(flow, page, step)
  local found = sort(flow, step)
  if found.code or found.question then return ask(flow, page, step, found) end
  if found.TermsAndConditionsCallback then return agree(flow, step, found.TermsAndConditionsCallback) end
  if found.PollingWaitCallback then return wait(flow, step, found.PollingWaitCallback) end
  if found.ChoiceCallback then return choose(flow, step, found.ChoiceCallback) end
  return identify(flow, step, found)
end

function Forgerock:sign_in(s)
  local flow = { s = s, idp = self }
  local page = self:post(s)
  for _ = 1, steps_at_most do
    local step = step_of(s, page)
    if step.tokenId then return step end
    page = go_on(flow, page, step)
  end
  s:fail("adapter.unexpected_page", "the authentication tree does not come to an end")
end

function Forgerock:sign_out(s)
  s:post(("%s/json/realms/root/realms/%s/sessions"):format(self.am, self.realm), {
    query = { _action = "logout" }, json = {},
    headers = { ["Accept-API-Version"] = "protocol=1.0,resource=2.0" } })
end

local tree = "%s/json/realms/root/realms/%s/authenticate?authIndexType=service&authIndexValue=%s"

return function(config)
  return setmetatable({ am = config.am, realm = config.realm, headers = config.headers, life = life,
    url = tree:format(config.am, config.realm, config.tree),
    patterns = {}, errors = list.join(errors, site.errors) }, Forgerock)
end
