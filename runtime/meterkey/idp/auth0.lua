-- Auth0 universal login: pages below /u/, one form each, told apart by the screen's name in the path.
--
--   local idp = require("meterkey.idp.auth0") { host = "login.example.test" }
--
-- host  of the tenant, its own name or a custom one
--
-- idp:sign_in(s, page) takes the first page (where the portal's authorize request leads) and returns the first one that
--   is no screen of the tenant's any more, somewhere in the portal.
-- idp:restore(s), before the first request to the tenant, sets the remembered browser's cookie again.
-- idp.sign_out(s, client_id, return_to) ends the tenant's session.
--
-- Sends a code: the answer to the password, where one factor is enough to say which; choosing from the options; the
-- button that resends. A challenge lives five minutes. What marks a lost session: the error page of an unknown
-- transaction. A captcha, in a field or as a screen, ends site.blocked; protection against guessing ends auth.locked.
--
-- Documented (the vendor's own kit of screens): names of screens, fields, values of `action`. Common knowledge:
-- statuses, most codes of errors, the cookie auth0-mf, that a push is polled by asking for its page.
local list, site, url = require "meterkey.list", require "meterkey.site", require "meterkey.url"

local Auth0 = {}
Auth0.__index = Auth0

local life = 300
local screens_at_most = 30
local another = "another-way"
local captcha = [=[[data-captcha-sitekey], [data-captcha-provider]]=]

local function screen(name)
  return ([[/u/%s(\?|$)]]):format(name)
end

local function code(name, kind, medium, prompt)
  return { kind = kind, medium = medium, url = screen(name), prompt = { prompt }, expires = life,
    dest = ".ulp-authenticator-selector-text" }
end

local patterns = {
  { kind = "select", url = screen("mfa-login-options"), expires = life,
    prompt = { "How do you want to confirm that it is you?" } },
  { kind = "select", url = screen("mfa-phone-challenge"), expires = life,
    prompt = { "How do you want to receive the code?" } },
  code("mfa-sms-challenge", "otp", "sms", "Enter the code that was sent by text message"),
  code("mfa-voice-challenge", "otp", "voice", "Enter the code that the voice call tells"),
  code("mfa-email-challenge", "otp", "email", "Enter the code that was sent by email"),
  code("mfa-otp-challenge", "totp", "app", "Enter the code of your authenticator app"),
  code("mfa-push-challenge-push", "approve", "push", "Approve the sign-in on your device"),
}

local function told(name, codes, path)
  local selectors = {}
  for i, one in ipairs(codes) do selectors[i] = ('[data-error-code%s]'):format(one) end
  return { code = name, html = table.concat(selectors, ", "), url = path, message = "[data-error-code]" }
end

local errors = {
  told("auth.session_lost", { '="invalid-transaction"', '="transaction-not-found"', '="expired-transaction"' }),
  told("mfa.code_expired", { '="invalid-expired-code"', '="expired-code"' }),
  told("mfa.code_wrong", { '="invalid-code"', '="wrong-code"', '="invalid-otp-code-format"' }),
  told("mfa.tries_exhausted", { '^="too-many-"' }, [[/u/mfa-otp-]]),
  told("mfa.send_limited", { '="too-many-sms"', '="too-many-email"', '="too-many-voice"', '="too-many-push"' }),
  told("mfa.tries_exhausted", { '^="too-many-"' }, [[/u/mfa-]]),
  told("mfa.send_failed", { '^="send-"', '$="-failed"' }, [[/u/mfa-]]),
  told("mfa.denied", { '="mfa-push-denied"' }),
  told("mfa.approval_expired", { '="mfa-push-expired"' }),
  told("auth.locked", { '="user-blocked"', '="too-many-attempts"', '="too-many-failures"' }),
  told("auth.credentials", { '^="wrong-"', '="invalid-user-password"', '="no-user"' }, [[/u/login]]),
  { code = "auth.locked", url = screen("brute-force-protection-unblock[a-z-]*") },
  { code = "auth.password_expired", url = screen("reset-password[a-z-]*(/[a-z-]*)?") },
  { code = "site.blocked", url = screen("interstitial-captcha") },
  { code = "site.blocked", html = captcha },
}

-- The screen's name, nil for a page of somebody else.
local function screen_of(page)
  local path = url.parse(page.url).path
  return path:match("^/u/([%w%-/]+)$")
end

local function action(value)
  return ([[form:has([name="action"][value="%s"])]]):format(value)
end

-- Submits the form by its button of this value, which may be a hidden field instead.
local function submit(s, page, form, value, sends)
  local is_button = page:has(([[button[name="action"][value="%s"] ]]):format(value))
  return s:submit(form, { button = is_button and { "action", value } or nil, sends_code = sends })
end

local function press(s, page, value, sends)
  return submit(s, page, page:form(action(value)), value, sends)
end

-- A filled-in form goes by the button that most screens call "default".
local function send(s, page, form)
  return submit(s, page, form, "default")
end

local function field(name)
  return ([[form:has(input[name="%s"])]]):format(name)
end

local screens = {}

function screens.login(s, page)
  local form = page:form(field("password"))
  form.username, form.password = s.credentials.username, s.credentials.password
  return send(s, page, form)
end

screens["login/identifier"] = function(s, page)
  local form = page:form(field("username"))
  form.username = s.credentials.username
  return send(s, page, form)
end

screens["login/password"] = function(s, page)
  local form = page:form(field("password"))
  form.password = s.credentials.password
  return send(s, page, form)
end

-- Buttons of the screen that choose a way to confirm; those that only lead away are not among them.
local function choices_of(page)
  local choices = {}
  for _, button in ipairs(page:all([[button[name="action"], input[type="submit"][name="action"] ]])) do
    local value = button:attr("value") or ""
    if value:find("::", 1, true) or value:find("^pick%-") and value ~= "pick-authenticator" then
      choices[#choices + 1] = { id = value, label = button:text() }
    end
  end
  return choices
end

local function choose(s, page)
  local choices = choices_of(page)
  if #choices == 0 then s:fail("mfa.unsupported", "the sign-in offers only factors that cannot be passed on") end
  local id = choices[1].id
  if #choices > 1 then id = s:ask { kind = "select", prompt = page.mfa.prompt, choices = choices, expires = life } end
  return press(s, page, id, not id:find("^otp"))
end

screens["mfa-login-options"], screens["mfa-phone-challenge"] = choose, choose

-- The challenge and what the customer may do besides answering it.
local function challenge_of(s, page)
  local challenge, handlers = page.mfa, {}
  if page:has(action("resend-code")) then
    function handlers.resend(latest) return press(s, latest, "resend-code", true) end
  end
  if page:has(action("pick-authenticator")) then
    challenge.alternatives = { { id = another, label = "Another way" } }
    function handlers.switch(_, latest) return press(s, latest, "pick-authenticator") end
  end
  return challenge, handlers
end

local function enter(s, page)
  local challenge, handlers = challenge_of(s, page)
  function handlers.verify(answer, latest)
    local form = latest:form(field("code"))
    form.code = answer
    if latest:has([[input[name="rememberBrowser"] ]]) then form.rememberBrowser = true end
    return send(s, latest, form)
  end
  return s:ask(challenge, handlers)
end

for _, name in ipairs { "sms", "voice", "email", "otp" } do screens["mfa-" .. name .. "-challenge"] = enter end

screens["mfa-push-challenge-push"] = function(s, page)
  local challenge, handlers = challenge_of(s, page)
  local here, name = page.url, screen_of(page)
  function handlers.poll()
    local answer = s:get(here)
    return screen_of(answer) ~= name and answer or nil
  end
  return s:ask(challenge, handlers)
end

-- Screens without a way through them: another factor, else a remainder for later, else the end.
local function elsewhere(s, page, name)
  if name:find("^mfa%-.+%-challenge") then
    if page:has(action("pick-authenticator")) then return press(s, page, "pick-authenticator") end
    s:fail("mfa.unsupported", ("the sign-in asks for a factor that cannot be passed on: %s"):format(name))
  end
  if not name:find("enroll") then
    site.page(s, page)
    s:fail("adapter.unexpected_page", ("the sign-in shows a screen that is not known: %s"):format(name))
  end
  for _, later in ipairs { "skip", "remind-later", "snooze-enrollment", "abort-passkey-enrollment" } do
    if page:has(action(later)) then return press(s, page, later) end
  end
  s:fail("mfa.must_enroll")
end

function Auth0:restore(s)
  if not s.keep.auth0_mf then return end
  s.cookies:set { name = "auth0-mf", value = s.keep.auth0_mf, domain = self.host, host_only = true, secure = true,
    path = "/" }
end

function Auth0:sign_in(s, page)
  site.page(s, page)
  if page:has(captcha) then
    s:fail("site.blocked", "the sign-in page asks for a captcha, which only a person may answer")
  end
  for _ = 1, screens_at_most do
    local name = screen_of(page)
    if not name then
      s.keep.auth0_mf = s.cookies:get("auth0-mf", "https://" .. self.host .. "/") or s.keep.auth0_mf
      return page
    end
    page = (screens[name] or elsewhere)(s, page, name)
  end
  s:fail("adapter.unexpected_page", "the sign-in goes from screen to screen without an end")
end

function Auth0:sign_out(s, client_id, return_to)
  s:get("https://" .. self.host .. "/v2/logout", { query = { client_id = client_id, returnTo = return_to } })
end

return function(config)
  return setmetatable({ host = config.host, patterns = patterns, errors = list.join(errors, site.errors) }, Auth0)
end
