-- Gigya (SAP Customer Data Cloud): the calls that a site's screen set makes, second factor and all.
--
--   local idp = require("meterkey.idp.gigya") { data_center = "us1" }
--
-- data_center  of the site: hosts accounts.<data_center>.gigya.com (declare it) answer its calls
-- params       further fields of each call (default none)
--
-- idp:restore(s) sets the device's identity of an earlier run; idp:sign_in(s, page) reads the site's key from the
-- address of Gigya's script on the page and returns the session: { login_token = }, with cookieName where it is the
-- value of that cookie. idp:sign_out(s) ends it.
--
-- HTTP is 200 also for errors: errorCode tells. Sends a code: sendVerificationCode of a phone or an e-mail address. A
-- challenge lives ten minutes with its regToken; what marks a lost session: 403002. tempDevice=false remembers the
-- device by the cookie gmid. An expired code is called wrong.
--
-- Documented (the vendor's SDK): names of calls and fields, where a session is, 403100 to 403102, 206001, 206002,
-- 401020, 400006, 403002, 409003. Common knowledge: the other numbers, the bootstrap's cookies, codes of six digits.
local api, list, site = require "meterkey.api", require "meterkey.list", require "meterkey.site"

local Gigya = {}
Gigya.__index = Gigya

local life = 600

local function answered(code, number, extra)
  local entry = { code = code, json = "$.errorCode", equals = number, message = "$.errorDetails" }
  for name, value in pairs(extra or {}) do entry[name] = value end
  return entry
end

local patterns = {
  { kind = "select", json = "$.errorCode", equals = 403101, expires = life,
    prompt = { "How do you want to confirm that it is you?" } },
}

local errors = {
  -- elsewhere it is a bad parameter
  answered("mfa.code_wrong", 400006, { url = [[(completeVerification|totp\.verify)\b]] }),
  answered("auth.credentials", 403042),
  answered("auth.credentials", 409003), -- the name belongs to another way to sign in
  answered("auth.locked", 403120),
  answered("auth.disabled", 403041),
  answered("auth.password_expired", 403100),
  answered("mfa.must_enroll", 403102),
  answered("user_action.profile", 206001),
  answered("user_action.contact", 206002),
  answered("auth.session_lost", 403002),
  answered("site.blocked", 401020),
  answered("site.blocked", 401021),
  answered("site.rate_limited", 403048),
  answered("site.maintenance", 500001),
}

local function fail(s, call, said)
  s:fail("adapter.unexpected_page",
    ("%s answered %s: %s"):format(call, tostring(said.errorCode), tostring(said.errorMessage)))
end

-- One call; the page, whose error is judged by the manifest's entries, and what it says.
function Gigya:call(s, name, fields, options)
  local form = { apiKey = self.key, format = "json", sdk = "js_latest", targetEnv = "jssdk" }
  for key, value in pairs(self.params or {}) do form[key] = value end
  for key, value in pairs(fields) do form[key] = value end
  options = options or {}
  options.form, options.headers = form, { Accept = "*/*" }
  local page = s:post(self.origin .. "/" .. name, options)
  return page, site.json(s, page)
end

-- The same, where nothing but success is expected.
function Gigya:must(s, name, fields, options)
  local page, said = self:call(s, name, fields, options)
  if said.errorCode ~= 0 then fail(s, name, said) end
  return said, page
end

-- What each provider's ways are, by name: each way with what is needed to send and to verify. They add to `out`.
local ways_of = {}

local by_phone = { { method = "sms", label = "Text message: " }, { method = "voice", label = "Voice call: " } }

function ways_of.gigyaPhone(self, s, assertion, out)
  local said = self:must(s, "accounts.tfa.phone.getRegisteredPhoneNumbers", { gigyaAssertion = assertion })
  for _, phone in ipairs(said.phones or {}) do
    for _, by in ipairs(by_phone) do
      out[#out + 1] = { id = phone.id .. "/" .. by.method, label = by.label .. phone.obfuscated, kind = "otp",
        medium = by.method, dest = phone.obfuscated, call = "accounts.tfa.phone.",
        send = { phoneID = phone.id, method = by.method } }
    end
  end
end

function ways_of.gigyaEmail(self, s, assertion, out)
  local said = self:must(s, "accounts.tfa.email.getEmails", { gigyaAssertion = assertion })
  for _, mail in ipairs(said.emails or {}) do
    out[#out + 1] = { id = mail.id, label = "Email: " .. mail.obfuscated, kind = "otp", medium = "email",
      dest = mail.obfuscated, call = "accounts.tfa.email.", send = { emailID = mail.id } }
  end
end

function ways_of.gigyaTotp(_, _, _, out)
  out[#out + 1] = { id = "totp", label = "Authenticator app", kind = "totp", medium = "app" }
end

function Gigya:ways(s, reg)
  local out = {}
  for _, provider in ipairs(self:must(s, "accounts.tfa.getProviders", { regToken = reg }).activeProviders or {}) do
    local find, first = ways_of[provider.name], #out + 1
    if find then
      local begun = self:must(s, "accounts.tfa.initTFA", { provider = provider.name, mode = "verify", regToken = reg })
      find(self, s, begun.gigyaAssertion, out)
      for i = first, #out do out[i].assertion = begun.gigyaAssertion end
    end
  end
  if #out == 0 then s:fail("mfa.unsupported", "the utility offers only second factors that cannot be passed on") end
  return out
end

local function choose(s, ways, prompt)
  if #ways == 1 then return ways[1] end
  local choices = {}
  for i, way in ipairs(ways) do choices[i] = { id = way.id, label = way.label } end
  local id = s:ask { kind = "select", prompt = prompt, choices = choices, expires = life }
  for _, way in ipairs(ways) do
    if way.id == id then return way end
  end
end

function Gigya:send(s, way)
  local fields = { gigyaAssertion = way.assertion, lang = "en" }
  for name, value in pairs(way.send) do fields[name] = value end
  way.token = self:must(s, way.call .. "sendVerificationCode", fields, { sends_code = true }).phvToken
end

-- The second factor from the login's answer to the last call that makes the session.
function Gigya:confirm(s, page, reg)
  local way = choose(s, self:ways(s, reg), page.mfa.prompt)
  local handlers = {}
  if way.send then
    self:send(s, way)
    function handlers.resend() self:send(s, way) end
  end
  function handlers.verify(code)
    local call = way.kind == "totp" and "accounts.tfa.totp.verify" or way.call .. "completeVerification"
    return (self:call(s, call, { code = code, phvToken = way.token, gigyaAssertion = way.assertion }))
  end
  local challenge = { kind = way.kind, medium = way.medium, dest = way.dest, expires = life,
    prompt = way.send and "Enter the code that the utility sent you" or "Enter the code of your authenticator app" }
  local answer = s:ask(challenge, handlers)
  local proof = api.value(site.json(s, answer), "providerAssertion")
  if not proof then fail(s, "the verification", answer:json()) end
  self:must(s, "accounts.tfa.finalizeTFA", { gigyaAssertion = way.assertion, providerAssertion = proof, regToken = reg,
    tempDevice = "false" })
  return self:must(s, "accounts.finalizeRegistration", { regToken = reg, include = "profile" })
end

-- The session of an answer: in sessionInfo, or beside it.
local function session_of(s, said)
  for _, at in ipairs { api.value(said, "sessionInfo") or {}, said } do
    local token = api.value(at, "login_token") or api.value(at, "cookieValue")
    if token then return { login_token = token, cookieName = api.value(at, "cookieName") } end
  end
  s:fail("adapter.unexpected_page", "the sign-in succeeded and gave no session")
end

function Gigya:restore(s)
  if not s.keep.gmid then return end
  s.cookies:set { name = "gmid", value = s.keep.gmid, domain = self.host, host_only = true, path = "/", secure = true }
end

function Gigya:sign_in(s, page)
  local found = page:match([[gigya\.js\?(?:[^"']*&(?:amp;)?)?apikey=(?<key>[\w-]+)]], "i")
  if not found then s:fail("adapter.unexpected_page", "Gigya's script is not on the sign-in page") end
  self.key = found.key
  self:must(s, "accounts.webSdkBootstrap", {})
  local answer, said = self:call(s, "accounts.login", { loginID = s.credentials.username,
    password = s.credentials.password, include = "profile,data", sessionExpiration = "0" })
  if answer.mfa then said = self:confirm(s, answer, said.regToken) end
  if said.errorCode ~= 0 then fail(s, "accounts.login", said) end
  s.keep.gmid = s.cookies:get("gmid", self.origin .. "/")
  return session_of(s, said)
end

function Gigya:sign_out(s) self:call(s, "accounts.logout", {}) end

return function(config)
  local host = ("accounts.%s.gigya.com"):format(config.data_center)
  return setmetatable({ host = host, origin = "https://" .. host, params = config.params, life = life,
    patterns = patterns, errors = list.join(errors, site.errors) }, Gigya)
end
