-- The sign-in of a single-page app over its own JSON API.
--
--   local idp = require("meterkey.idp.spa") { page = "/ui/login", api = "/public/api/v1/authentication/", … }
--
-- page      URL of the app's login page, a shell
-- refresh   URL that validates and refreshes the session; answers 401 before the sign-in as a matter of course
-- login, send, verify, skip_enrolment, logout   URLs of the public API, POSTed JSON
-- skip      URL that skips an interstitial, POSTed { name = … }
-- home      the app's route behind the sign-in
-- trust     name of the cookie that remembers a device, where the portal has one
--
-- sign_in(s) returns nothing; the session's cookies are what it leaves. Answers may begin with a line against JSON
-- hijacking, which the engine skips. Failures are told by the body, under one of several keys. Where the app wants a
-- second factor the answer to the password lists the customer's factors and nothing is sent yet: `send` does that, an
-- authenticator needs none. A challenge lives five minutes. A lost session is an error of the API that says so, or a
-- 401 after the sign-in. Interstitials (paperless, contact) stand between sign-in and home; those with a skip are
-- skipped.
--
-- Routes of login and refresh, the keys of errors and that interstitials are there: documented. Bodies of login and its
-- answers, all of the second factor and of skipping: modelled, and read in `factors_of`, `next_of` and the tables
-- below.
local api, json = require "meterkey.api", require "meterkey.json"
local list, site = require "meterkey.list", require "meterkey.site"

local Spa = {}
Spa.__index = Spa

local life = 300

local which = "How should the sign-in be confirmed?"
local patterns = {
  { kind = "select", json = "$.status", equals = "MFA_REQUIRED", choices = "$.factors", id = "$.id", label = "$.type",
    prompt = { which }, expires = life },
}

-- What the API's codes mean, whichever key they stand under.
local meanings = {
  { "auth.credentials", [[^(INVALID_CREDENTIALS|INVALID_LOGIN|BAD_CREDENTIALS)$]] },
  { "auth.locked", [[^(ACCOUNT_LOCKED|LOCKED_OUT|LOCKED)$]] },
  { "auth.disabled", [[^(ACCOUNT_DISABLED|DISABLED)$]] },
  { "auth.password_expired", [[^PASSWORD_(EXPIRED|CHANGE_REQUIRED)$]] },
  { "auth.session_lost", [[^SESSION_(EXPIRED|INVALID)$]] },
  { "mfa.code_wrong", [[^INVALID_CODE$]] },
  { "mfa.code_expired", [[^EXPIRED_CODE$]] },
  { "mfa.tries_exhausted", [[^TOO_MANY_ATTEMPTS$]] },
  { "mfa.send_limited", [[^SEND_LIMIT$]] },
  { "site.blocked", [[^CAPTCHA(_REQUIRED)?$]] },
  { "site.maintenance", [[^MAINTENANCE$]] },
}
local keys = { "$.errorCode", "$.error_code", "$.ResponseBody.status" }

local errors = {}
for _, meaning in ipairs(meanings) do
  for _, key in ipairs(keys) do
    errors[#errors + 1] = { code = meaning[1], json = key, match = meaning[2], message = "$.message" }
  end
end
-- The app's own error page, which a limit of requests leads to.
errors[#errors + 1] = { code = "site.rate_limited", url = [[/ui/error\b]] }

local media = { SMS = "sms", EMAIL = "email", VOICE = "voice", TOTP = "app" }
local names = { SMS = "Text message", EMAIL = "Email", VOICE = "Voice call", TOTP = "Authenticator app" }
local prompts = { otp = "Enter the code that the utility sent you", totp = "Enter the code of your authenticator app" }

local function post(s, url, body, sends_code)
  return s:post(url, { json = body, headers = { Accept = "application/json" }, sends_code = sends_code })
end

-- The customer's factors: { id, kind, medium, dest, label }; those of a kind that nothing is known of are left out.
local function factors_of(s, page)
  local out = {}
  for _, factor in ipairs(page:json("$.factors")) do
    if media[factor.type] then
      local dest = not json.is_null(factor.destination) and factor.destination or nil
      out[#out + 1] = { id = factor.id, medium = media[factor.type], dest = dest,
        label = names[factor.type] .. (dest and " " .. dest or ""), kind = factor.type == "TOTP" and "totp" or "otp" }
    end
  end
  if #out == 0 then s:fail("mfa.unsupported", "the portal lists no second factor that can be passed on") end
  return out
end

local function offers(factors)
  local out = {}
  for i, factor in ipairs(factors) do out[i] = { id = factor.id, label = factor.label } end
  return #out > 1 and out or nil
end

local function by_id(factors, id)
  for _, factor in ipairs(factors) do
    if factor.id == id then return factor end
  end
end

local function choose(s, factors)
  local choices = offers(factors)
  if not choices then return factors[1] end
  return by_id(factors, s:ask { kind = "select", prompt = which, choices = choices, expires = life })
end

-- Whether an answer says, in one of the ways known, that something failed.
local function says_failure(s, page)
  if page.status == 204 then return false end
  local said = site.json(s, page)
  return page.status >= 300 or api.value(said, "status") == "error" or api.value(said, "isSuccess") == false or
    api.value(said, "errorCode") ~= nil or api.value(said, "error_code") ~= nil
end

function Spa:send(s, factor)
  if factor.kind ~= "otp" then return end
  local page = post(s, self.urls.send, { factorId = factor.id }, true)
  if says_failure(s, page) then s:fail("mfa.send_failed", "the portal says that it could not send a code") end
  return page
end

function Spa:confirm(s, factors, factor)
  self:send(s, factor)
  return s:ask({
    kind = factor.kind, medium = factor.medium, dest = factor.dest, prompt = prompts[factor.kind], expires = life,
    alternatives = offers(factors),
  }, {
    verify = function(code)
      local remember = self.urls.trust ~= nil
      return post(s, self.urls.verify, { factorId = factor.id, code = code, rememberDevice = remember })
    end,
    resend = factor.kind == "otp" and function() return self:send(s, factor) end or nil,
    switch = #factors > 1 and function(id) return self:confirm(s, factors, by_id(factors, id)) end or nil,
  })
end

local function status_of(page)
  return page.status == 200 and page.type == "application/json" and page:json().status or nil
end

-- Where the app would go now. The name of an interstitial is the last part of its route.
local function next_of(s, page)
  local answer = api.answer(s, page)
  return answer.nextRoute, type(answer.nextRoute) == "string" and answer.nextRoute:match("^/interstitial/([^/?]+)"),
    answer.skippable ~= false
end

local wants = { contact = "user_action.contact", terms = "user_action.terms", payment = "user_action.payment" }

-- The session is live once the app would go home; each interstitial on the way is skipped once.
function Spa:go_home(s)
  local route, interstitial, skippable = next_of(s, post(s, self.urls.refresh, {}))
  for _ = 1, 5 do
    if not interstitial then break end
    if not skippable then
      s:fail(wants[interstitial] or "user_action.on_site", "the portal wants this to be answered: " .. interstitial)
    end
    route, interstitial, skippable = next_of(s, post(s, self.urls.skip, { name = interstitial }))
  end
  if route ~= self.urls.home then
    s:fail("adapter.unexpected_page", "the app goes to " .. tostring(route) .. " after the sign-in")
  end
end

function Spa:sign_in(s)
  local urls = self.urls
  local page = site.page(s, s:get(urls.page))
  if urls.trust and s.keep.device then
    s.cookies:set { name = urls.trust, value = s.keep.device, domain = page.url:match("^https?://([^/:]+)"),
      host_only = true, path = "/", secure = true }
  end
  site.page(s, post(s, urls.refresh, {}))
  page = post(s, urls.login, { username = s.credentials.username, password = s.credentials.password })
  if page.mfa then
    local factors = factors_of(s, page)
    page = self:confirm(s, factors, choose(s, factors))
  end
  if status_of(page) == "MFA_ENROLLMENT_REQUIRED" then
    if page:json().skippable ~= true then s:fail("mfa.must_enroll") end
    page = post(s, urls.skip_enrolment, {})
  end
  if status_of(page) ~= "success" then
    site.json(s, page)
    s:fail("adapter.unexpected_page", "the sign-in's answer is neither success nor a failure that is known")
  end
  self:go_home(s)
  if urls.trust then s.keep.device = s.cookies:get(urls.trust) end
end

function Spa:sign_out(s)
  post(s, self.urls.logout, {})
end

return function(config)
  return setmetatable({ urls = config, life = life, patterns = patterns, errors = list.join(errors, site.errors) }, Spa)
end
