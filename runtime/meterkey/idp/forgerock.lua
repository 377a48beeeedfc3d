-- ForgeRock AM / PingAM: an authentication tree by REST, a conversation of callbacks until it gives a token.
--
--   local idp = require("meterkey.idp.forgerock") {
--     am = "https://login.example.test", realm = "customers", tree = "login" }
--
-- am       origin (and context path, where there is one) of the access manager
-- realm    below root
-- tree     name of the authentication tree
-- headers  further headers of each request (default none), such as the Origin of the portal's own page
-- trust    name of the cookie by which the manager knows a device again (default session-jwt)
--
-- idp:sign_in(s) returns the last answer (tokenId, successUrl); the session is in the manager's cookie.
-- idp:sign_out(s) ends it.
--
-- Callbacks are taken by type, never by position; the whole object goes back with the inputs filled in, since authId is
-- good for one step. Answering the choice of a delivery sends a code, so does the resend option of a confirmation. A
-- challenge lives five minutes. What marks a lost session: 401 with detail.errorCode 110, or the sign-in's own prompts
-- after a later step. A failed tree says the same words whichever of its steps failed: what was answered last tells
-- what was refused. An offer to remember the device is taken: s.keep has the cookie, and an identifier of our own for
-- trees that ask for a device's profile. Nothing is set up for the customer: what can be skipped is.
--
-- Documented (the vendor's SDK, manual and nodes): exchange, types, names of outputs, choices and confirmations by
-- index, ids of hidden values, name of the cookie, that a profile needs an identifier and nothing else, which callback
-- asks for which code, localAuthentication for the password among the providers; confirmations without a list of their
-- own, and what answers them (Java's ConfirmationCallback, which they are made of).
-- Common knowledge: words of refusals and offers, life and length of codes, that a wrong code
-- comes as the same step with a message.
local api, crypto, json = require "meterkey.api", require "meterkey.crypto", require "meterkey.json"
local list, regex, site = require "meterkey.list", require "meterkey.regex", require "meterkey.site"

local Forgerock = {}
Forgerock.__index = Forgerock

local life = 300
local steps_at_most = 20

-- A message of a step about what the customer typed.
local function told(code, words)
  return { code = code, json = "$.callbacks", text = [[(?i)"TextOutputCallback".*]] .. words }
end

local errors = {
  { code = "auth.session_lost", json = "$.detail.errorCode", equals = "110" },
  told("mfa.code_expired", [[(code|passcode|otp)[^"]*expired]]),
  told("mfa.code_wrong", [[(code|passcode|otp|answer)[^"]*(incorrect|invalid|wrong|not (valid|match|correct))]]),
  told("mfa.code_wrong", [[(incorrect|invalid|wrong)[^"]*(code|passcode|otp|answer)]]),
}

-- Words of a refusal that say by themselves what it is.
local sayings = {
  { [[(?i)(?<!be )\block(ed|out)]], "auth.locked" },
  { [[(?i)password.{0,20}expired]], "auth.password_expired" },
  { [[(?i)session.{0,20}(timed out|expired)]], "auth.session_lost" },
}
local tried_out = [[(?i)(max|too many).{0,30}(tries|attempts|retries)]]
local too_late = [[(?i)timed? ?-?out|expired]]
local refused = [[(?i)(authentication|log ?in|sign.?in|verification|validation).{0,20}fail|invalid|incorrect]]
  .. [[|(?<!went )wrong|denied|declined|reject|unauthori[sz]ed]]
  .. [[|(not|n't) (valid|match|correct|recogni[sz]e|authori[sz]ed)]]

local captcha = { "site.blocked", "the sign-in asks for a captcha" }
local profile_wanted = { "user_action.profile", "the utility wants the profile to be completed on its website" }

-- Types that end the conversation, and how.
local ends = {
  ReCaptchaCallback = captcha,
  ReCaptchaEnterpriseCallback = captcha,
  SuspendedTextOutputCallback = { "mfa.unsupported", "the sign-in goes on by a link in an e-mail" },
  ValidatedCreatePasswordCallback = { "auth.password_expired",
    "the utility wants a new password to be chosen on its website" },
  ValidatedCreateUsernameCallback = { "user_action.profile",
    "the utility wants a user name to be chosen on its website" },
  KbaCreateCallback = { "user_action.profile", "the utility wants security questions to be set up on its website" },
  StringAttributeInputCallback = profile_wanted,
  BooleanAttributeInputCallback = profile_wanted,
  NumberAttributeInputCallback = profile_wanted,
}

-- The same by the id of a hidden value.
local hidden_ends = {
  mfaDeviceRegistration = { "mfa.must_enroll" },
  webAuthnOutcome = { "mfa.unsupported", "the sign-in asks for a passkey" },
}

-- Confirmations without options of their own, by optionType: value, label.
local fixed = {
  ["0"] = { { 0, "Yes" }, { 1, "No" } },
  ["1"] = { { 0, "Yes" }, { 1, "No" }, { 2, "Cancel" } },
  ["2"] = { { 3, "OK" }, { 2, "Cancel" } },
}

-- Types that go back as they came.
local silent = { TextOutputCallback = true, HiddenValueCallback = true, MetadataCallback = true,
  PingOneProtectInitializeCallback = true, PingOneProtectEvaluationCallback = true }

local function output(callback, name)
  for _, one in ipairs(callback.output or {}) do
    if one.name == name then return api.value(one, "value") end
  end
  return nil
end

local function put(callback, value) callback.input[1].value = value end

-- What can be chosen: { value that goes back, label } each.
local function options_of(callback)
  local out = {}
  for i, label in ipairs(output(callback, "choices") or output(callback, "options") or {}) do out[i] = { i - 1, label } end
  return #out > 0 and out or fixed[tostring(output(callback, "optionType"))] or out
end

local function is_code(callback, step)
  local words = (output(callback, "prompt") or "") .. " " .. (api.value(step, "stage") or "")
  return regex.match(words, [[(?i)one.?time|otp|passcode|verification|\bcode\b]]) ~= nil
end

local function medium_of(words)
  if regex.match(words, [[(?i)authenticat(or|ion) app|\b(oath|totp)\b]]) then return "app" end
  if regex.match(words, [[(?i)e-?mail]]) then return "email" end
  if regex.match(words, [[(?i)sms|text|mobile]]) then return "sms" end
  return regex.match(words, [[(?i)voice|call]]) and "voice" or nil
end

-- The first message of a step, or the first other than the one given.
local function message_of(step, known)
  for _, callback in ipairs(step.callbacks) do
    local is_script = tostring(output(callback, "messageType")) == "4"
    local text = callback.type == "TextOutputCallback" and not is_script and output(callback, "message")
    if text and text ~= known then return text end
  end
  return nil
end

function Forgerock:post(s, body, options)
  options = options or {}
  options.headers = { ["Accept-API-Version"] = "resource=2.0, protocol=1.0", Accept = "application/json" }
  for name, value in pairs(self.headers or {}) do options.headers[name] = value end
  if body then options.json = body else options.body, options.type = "", "application/json" end
  return s:post(self.url, options)
end

-- What the words of a refusal mean after what was answered last, nil where they are not known.
local function code_of(flow, words)
  for _, one in ipairs(sayings) do
    if regex.match(words, one[1]) then return one[2] end
  end
  if regex.match(words, tried_out) then
    return flow.answered == "auth.credentials" and "auth.locked" or "mfa.tries_exhausted"
  end
  if flow.answered == "mfa.denied" and regex.match(words, too_late) then return "mfa.approval_expired" end
  return regex.match(words, refused) and flow.answered or nil
end

-- A failed tree: 401 in the answer, whatever its status.
local function refuse(flow, page, said)
  local words = type(said) == "table" and tonumber(said.code) == 401 and tostring(said.message or said.reason) or ""
  local code = code_of(flow, words)
  if code then flow.s:fail(code, words) end
  flow.s:fail("adapter.unexpected_page",
    ("the tree answered status %d with neither callbacks nor a token: %s"):format(page.status, words))
end

-- The sign-in's own prompts once more: the password was refused, or the tree began anew after a later step.
local function refuse_again(flow, step)
  local words = message_of(step, flow.greeting)
  local code = words and (code_of(flow, words)
    or flow.answered == "auth.credentials" and regex.match(words, [[(?i)password|credentials]]) and flow.answered)
  if not code and flow.answered ~= "auth.credentials" then code = "auth.session_lost" end
  flow.s:fail(code or "adapter.unexpected_page", words or "the tree asks for the user name and password again")
end

-- The step that a page holds.
local function step_of(flow, page)
  local step = site.json(flow.s, page)
  if type(step) ~= "table" or not (step.tokenId or step.callbacks) then refuse(flow, page, step) end
  return step
end

local trust = [[(?i)\b(remember|trust)\b.{0,40}\b(device|browser|computer|me)\b]]
local skip = [[(?i)^(skip|not now|(maybe |remind me )?later|no,? thanks)]]
local set_up = [[(?i)\b(set ?up|enroll?|register)\b]]

-- What accepts an offer to remember the device; nil where a callback is none.
local function acceptance(callback, step, options)
  local prompt = output(callback, "prompt") or ""
  if callback.type == "BooleanAttributeInputCallback" then return regex.match(prompt, trust) and true or nil end
  local asked = regex.match(prompt .. " " .. (message_of(step) or ""), trust)
  for _, one in ipairs(options) do
    local no = regex.match(one[2], [[(?i)\b(no|not|don't|never)\b]])
    local yes = regex.match(one[2], trust) or asked and regex.match(one[2], [[(?i)^(yes|ok|trust|remember)]])
    if yes and not no then return one[1] end
  end
end

-- Values of the option that sends the code again, or nil; of the first that goes on, with its label.
local function ways_of(callback)
  local resend, go, label
  for _, one in ipairs(callback and options_of(callback) or {}) do
    if regex.match(one[2], [[(?i)resend|again|new code]]) then
      resend = one[1]
    elseif not go and not regex.match(one[2], [[(?i)\b(cancel|exit|back|decline|recovery|register|forgot)\b]]) then
      go, label = one[1], one[2]
    end
  end
  return resend, go or 0, label or ""
end

-- What puts off an offer to set something up; nil where a callback is none.
local function refusal(flow, step, callback, options)
  if callback.type ~= "ConfirmationCallback" and callback.type ~= "ChoiceCallback" then return nil end
  local _, _, on = ways_of(callback)
  local offer = (output(callback, "prompt") or "") .. " " .. (message_of(step) or "")
  local offered = regex.match(offer, set_up) and regex.match(on, [[(?i)^(yes|ok)\b]])
  for _, one in ipairs(options) do
    if regex.match(one[2], skip) or offered and regex.match(one[2], [[(?i)^no\b]]) then return one[1] end
  end
  if offered or callback.type == "ConfirmationCallback" and regex.match(on, set_up) then
    flow.s:fail("mfa.must_enroll")
  end
end

-- A profile that says nothing of the machine. Its identifier is stable from run to run.
local function profile(s)
  s.keep.am_device = s.keep.am_device or crypto.uuid()
  return json.encode { identifier = s.keep.am_device }
end

-- Of the ways to sign in, the manager's own.
local function by_password(flow, callback)
  for _, one in ipairs(output(callback, "providers") or {}) do
    if one.provider == "localAuthentication" then return one.provider end
  end
  flow.s:fail("adapter.unexpected_page", "the sign-in is with an outside provider only")
end

-- The answer to what nobody needs to be asked, else nil.
local function answer_to(flow, step, callback)
  if callback.type == "DeviceProfileCallback" then return profile(flow.s) end
  if callback.type == "SelectIdPCallback" then return by_password(flow, callback) end
  local options = options_of(callback)
  local yes = acceptance(callback, step, options)
  if yes == nil then return refusal(flow, step, callback, options) end
  return yes
end

local function check_end(flow, callback)
  local over = ends[callback.type] or callback.type == "HiddenValueCallback" and hidden_ends[output(callback, "id")]
  if over then flow.s:fail(over[1], over[2]) end
end

-- Whether it is one of the sign-in's own prompts, which were answered before.
local function is_asked_again(flow, step, callback)
  local prompt = flow.prompts[callback.type]
  return prompt and prompt == (output(callback, "prompt") or "") and not is_code(callback, step)
end

local named = { NameCallback = true, PasswordCallback = true }
local asks = { ChoiceCallback = true, ConfirmationCallback = true, PollingWaitCallback = true,
  TermsAndConditionsCallback = true }

-- Puts a callback where it belongs.
local function place(flow, step, callback, found)
  local kind = callback.type
  local is_typed = kind == "TextInputCallback" or named[kind] and flow.prompts[kind]
  if is_typed and is_code(callback, step) then
    found.code = callback
  elseif is_typed then
    found.questions[#found.questions + 1] = callback
  elseif named[kind] or asks[kind] then
    found[kind] = callback
  elseif not silent[kind] then
    flow.s:fail("adapter.unexpected_page", "the tree asks for something that is not known: " .. tostring(kind))
  end
end

-- What a step's callbacks are for: { type = callback }, and `code` or `questions` for what the customer must type.
local function sort(flow, step)
  local found = { questions = {} }
  for _, callback in ipairs(step.callbacks) do
    if is_asked_again(flow, step, callback) then refuse_again(flow, step) end
    local answer = answer_to(flow, step, callback)
    if answer ~= nil then
      put(callback, answer)
    else
      check_end(flow, callback)
      place(flow, step, callback, found)
    end
  end
  return found
end

-- Chooses to go on, where the step asks.
local function confirm(callback)
  local _, go = ways_of(callback)
  if callback then put(callback, go) end
end

-- An authenticator's code is asked for by name, one that was sent by password.
local function code_challenge(flow, step, callback)
  local words = { output(callback, "prompt") or "", api.value(step, "stage") or "", api.value(step, "header") or "",
    message_of(step) or "" }
  local medium = flow.medium or medium_of(table.concat(words, " ")) or callback.type == "NameCallback" and "app" or nil
  local is_app = medium == "app"
  return { kind = is_app and "totp" or "otp", medium = medium, expires = life,
    prompt = is_app and "Enter the code of your authenticator app" or "Enter the code that the utility sent you" }
end

-- The challenge of a step: the code, or one question or several.
local function challenge_of(flow, step, found)
  if found.code then return code_challenge(flow, step, found.code) end
  local first = output(found.questions[1], "prompt")
  if #found.questions == 1 then return { kind = "question", prompt = first, expires = life } end
  local fields = {}
  for i, one in ipairs(found.questions) do
    fields[i] = { name = "answer" .. i, label = output(one, "prompt"), type = "text" }
  end
  return { kind = "question", prompt = "Answer your security questions", fields = fields, expires = life }
end

local function fill(found, answer)
  if found.code then return put(found.code, answer) end
  for i, one in ipairs(found.questions) do put(one, #found.questions == 1 and answer or answer["answer" .. i]) end
end

-- A page of a challenge: a tree that failed or began anew is judged here, not asked to anybody.
local function looked_at(flow, page)
  local step = step_of(flow, page)
  if step.callbacks then sort(flow, step) end
  return page
end

-- What the customer types. The handlers work on the newest step.
local function ask(flow, step, found)
  local handlers = {}
  function handlers.verify(answer, latest)
    local now = step_of(flow, latest)
    local parts = sort(flow, now)
    fill(parts, answer)
    confirm(parts.ConfirmationCallback)
    return looked_at(flow, flow.idp:post(flow.s, now))
  end
  if ways_of(found.ConfirmationCallback) then
    function handlers.resend(latest)
      local now = step_of(flow, latest)
      local confirmation = sort(flow, now).ConfirmationCallback
      put(confirmation, (ways_of(confirmation)))
      return looked_at(flow, flow.idp:post(flow.s, now, { sends_code = true }))
    end
  end
  flow.answered = "mfa.code_wrong"
  return flow.s:ask(challenge_of(flow, step, found), handlers)
end

-- How the code is to come: by the index of the choice. The answer makes the manager send it.
local function choose(flow, step, callback)
  local choices = {}
  for i, one in ipairs(options_of(callback)) do choices[i] = { id = tostring(one[1]), label = one[2] } end
  if #choices == 0 then flow.s:fail("mfa.method_unavailable", "the tree offers no way to send a code") end
  local id = choices[1].id
  if #choices > 1 then
    id = flow.s:ask { kind = "select", choices = choices, expires = life,
      prompt = output(callback, "prompt") or "How should the code be sent?" }
  end
  flow.medium = medium_of(choices[tonumber(id) + 1].label)
  flow.answered = nil
  put(callback, tonumber(id))
  return flow.idp:post(flow.s, step, { sends_code = flow.medium ~= "app" })
end

local function agree(flow, step, callback)
  flow.s:ask { kind = "acknowledge", prompt = output(callback, "terms") or "The utility asks you to accept its terms." }
  flow.answered = nil
  put(callback, true)
  return flow.idp:post(flow.s, step)
end

local function number_of(step)
  for _, callback in ipairs(step.callbacks) do
    local is_number = callback.type == "HiddenValueCallback" and output(callback, "id") == "pushChallengeNumber"
    if is_number then return tostring(output(callback, "value")) end
  end
end

-- Waits as long as the manager says; behind it is an approval on another device.
local function wait(flow, step, callback)
  flow.answered = "mfa.denied"
  local every = (tonumber(output(callback, "waitTime")) or 5000) / 1000
  return flow.s:ask({ kind = "approve", medium = "push", expires = life, display_code = number_of(step),
    prompt = output(callback, "message") or "Approve the sign-in on your device" }, {
    every = every,
    poll = function()
      local page = flow.idp:post(flow.s, step)
      local now = step_of(flow, page)
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
  flow.answered = nil
  for kind, name in pairs { NameCallback = "username", PasswordCallback = "password" } do
    if found[kind] then
      put(found[kind], flow.s.credentials[name])
      flow.prompts[kind] = output(found[kind], "prompt") or ""
      flow.answered, flow.greeting = "auth.credentials", message_of(step)
    end
  end
  confirm(found.ConfirmationCallback)
  return flow.idp:post(flow.s, step)
end

local function go_on(flow, step)
  local found = sort(flow, step)
  if found.code or #found.questions > 0 then return ask(flow, step, found) end
  if found.TermsAndConditionsCallback then return agree(flow, step, found.TermsAndConditionsCallback) end
  if found.PollingWaitCallback then return wait(flow, step, found.PollingWaitCallback) end
  if found.ChoiceCallback then return choose(flow, step, found.ChoiceCallback) end
  return identify(flow, step, found)
end

-- The cookie of an earlier run, by which the manager knows the device again.
local function restore(idp, s)
  if not s.keep.am_trust then return end
  s.cookies:set { name = idp.trust, value = s.keep.am_trust, domain = idp.am:match("//([^/:]+)"), host_only = true,
    path = "/", secure = true }
end

function Forgerock:sign_in(s)
  local flow = { s = s, idp = self, prompts = {} }
  restore(self, s)
  local page = self:post(s)
  for _ = 1, steps_at_most do
    local step = step_of(flow, page)
    if step.tokenId then
      s.keep.am_trust = s.cookies:get(self.trust, self.am .. "/") or s.keep.am_trust
      return step
    end
    page = go_on(flow, step)
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
    trust = config.trust or "session-jwt", url = tree:format(config.am, config.realm, config.tree), patterns = {},
    errors = list.join(errors, site.errors) }, Forgerock)
end
