-- Sign-in through a Sitecore service API in front of an identity provider, as Con Edison and its sister have it.
--
--   local idp = require("meterkey.idp.sitecore") { site = "https://www.coned.com", module = "…-LoginAPI", … }
--
-- site     origin of the website; the services refuse callers whose Referer is another
-- page     path of the sign-in page
-- module   name of the login module in the service's path
-- back     path that the website goes to after the sign-in (ReturnUrl)
-- trust    name of the cookie that remembers a device
--
-- sign_in(s) returns the page that authRedirectUrl and its redirects lead to; the cookies set on the way are the
-- session. The portal sends a code, where the customer's factor is one, in its very answer to the password: no request
-- does just that, and another code means signing in again. A challenge lives fifteen minutes (modelled). A session that
-- is lost while the customer looks for the code ends at the sign-in page.
--
-- Service, fields, answers and the device cookie are documented. What the texts say of code, authenticator or question,
-- the words of a lockout, sign-out and what a late answer gets are modelled; texts are read in `challenge_of` alone.
local list, site = require "meterkey.list", require "meterkey.site"

local Sitecore = {}
Sitecore.__index = Sitecore

local life = 900

-- The answer to the password that wants more: a new device, and the customer not free of the second factor.
local new_device = [[(?s)^(?!.*"noMfa"\s*:\s*true)(?!.*"authRedirectUrl"\s*:\s*"[^"]).*"newDevice"\s*:\s*true]]

local function pattern(kind, medium, words)
  return { kind = kind, medium = medium, json = "$.newDeviceText", match = words, text = new_device,
    prompt = "$.newDeviceText", expires = life }
end

local patterns = {
  pattern("question", nil, [[(?i)security question|\?\s*$]]), -- which may itself speak of a code or a phone
  pattern("totp", "app", [[(?i)authenticat(or|ion) app|authenticator]]),
  pattern("otp", "email", [[(?i)e-?mail.*\bcode\b|\bcode\b.*e-?mail]]),
  pattern("otp", "voice", [[(?i)\b(call|called)\b.*\bcode\b]]),
  pattern("otp", "sms", [[(?i)(text|phone|sms|mobile).*\bcode\b|\bcode\b.*(text|phone|sms|mobile)]]),
  pattern("otp", nil, [[(?i)\b(pass)?code\b]]),
  pattern("question", nil, [[\S]]),
}

local function errors_at(page)
  return {
    { code = "site.error_page", json = "$.loginErrorMsg", message = "$.loginErrorMsg",
      match = [[(?i)technical (difficult|problem|issue)|unavailable|maintenance]] },
    { code = "auth.locked", json = "$.loginErrorMsg", match = [[(?i)\block]], message = "$.loginErrorMsg" },
    { code = "auth.credentials", json = "$.login", equals = false, message = "$.loginErrorMsg" },
    { code = "mfa.code_wrong", json = "$.code", equals = false },
    { code = "auth.session_lost", url = page .. [[($|\?)]], html = "#form-login-email" },
  }
end

function Sitecore:call(s, verb, body)
  return s:post(("%s/sitecore/api/ssc/%s/User/0/%s"):format(self.site, self.module, verb),
    { json = body, referer = self.site .. "/", headers = { Accept = "application/json" } })
end

-- Whatever an earlier sign-in left is in the way, but for the device's cookie.
function Sitecore:log_in(s)
  s.cookies:clear { except = { self.trust } }
  return self:call(s, "Login", {
    LoginEmail = s.credentials.username, LoginPassword = s.credentials.password, LoginRememberMe = false,
    ReturnUrl = self.back, OpenIdRelayState = "",
  })
end

-- The challenge of an answer: what the customer is asked stands after the last colon, before it where a code went.
local function challenge_of(page)
  local challenge = page.mfa
  local intro, prompt = page:json("$.newDeviceText"):match("^(.*):%s*([^:]-)%s*$")
  challenge.prompt = prompt and prompt ~= "" and prompt or challenge.prompt
  if challenge.kind == "otp" and intro then
    challenge.dest = intro:match("[%w.*]+@[%w.%-]+%w") or intro:match("ending in ([%d*xX%-]+)")
  end
  return challenge
end

function Sitecore:answer(s, page)
  return s:ask(challenge_of(page), {
    verify = function(code)
      return self:call(s, "VerifyFactor", { MFACode = code, ReturnUrl = self.back, OpenIdRelayState = "" })
    end,
    resend = page.mfa.kind == "otp" and function() return self:log_in(s) end or nil,
  })
end

function Sitecore:sign_in(s)
  site.page(s, s:get(self.site .. self.page), "#form-login-email")
  if s.keep.device then
    s.cookies:set { name = self.trust, value = s.keep.device, domain = self.site:match("//([^/:]+)"), path = "/",
      secure = true }
  end
  local page = self:log_in(s)
  if page.mfa then page = self:answer(s, page) end
  local target = site.json(s, page).authRedirectUrl
  if type(target) ~= "string" or target == "" then
    s:fail("adapter.unexpected_page", "signed in without authRedirectUrl: a state that was never seen")
  end
  page = site.page(s, s:get(target))
  s.keep.device = s.cookies:get(self.trust)
  return page
end

function Sitecore:sign_out(s)
  self:call(s, "Logout", {})
end

return function(config)
  local idp = setmetatable({ life = life, patterns = patterns }, Sitecore)
  for name, value in pairs(config) do idp[name] = value end
  idp.errors = list.join(errors_at(config.page), site.errors)
  return idp
end
