-- ASP.NET sign-in: MVC and Core forms, WebForms, AJAX logins with JSON answers, and Identity's second factor.
--
--   local idp = require("meterkey.idp.aspnet") { login = "/Account/Login", inside = "#logoutForm" }
--
-- login     URL of the sign-in page
-- inside    selector that finds something on each page behind the sign-in
-- form, user, password   selector and names, only where the sign-in form leaves a doubt (see meterkey.idp.loginform)
-- webforms  { panel =, button = }: control names of the update panel and the button, where a partial postback signs in
-- ajax      { verify =, resend =, code = }: the sign-in form goes by XMLHttpRequest; URLs that take and resend the
--           code, and the name of its field
--
-- sign_in(s) returns the page inside. Identity: a request for the second factor leads to SendCode (MVC, the choice of a
-- provider; posting it makes the portal send), then VerifyCode; in Core to LoginWith2fa, where an authenticator's code
-- is wanted and nothing is sent. With AJAX the answer to the password says that a code was sent. Challenges live five
-- minutes (the framework's two-factor cookie). What marks a lost session: the sign-in form again after an answer, or
-- SessionExpired in JSON. Remembered devices are cookies, kept in s.keep.
--
-- Hidden fields with antiforgery tokens in forms and headers are documented of several utilities; view state, deltas,
-- Identity's pages, cookies and words are common knowledge of the framework; names in AJAX answers are modelled.
local list, loginform, regex = require "meterkey.list", require "meterkey.idp.loginform", require "meterkey.regex"
local site, webforms = require "meterkey.site", require "meterkey.webforms"

local Aspnet = {}
Aspnet.__index = Aspnet

local life = 300
local token = "__RequestVerificationToken"
local said = ".validation-summary-errors, .field-validation-error"
local bad_login = [[(?ix) login\ attempt |
  (user\ ?(name|id) | e-?mail | password | login) .* (incorrect | invalid | not\ (match|recogni|valid|successful))]]

-- Cookies that say "this browser need not prove itself again", of MVC and of Core.
local remembers = { ".AspNet.TwoFactorRememberBrowser", "Identity.TwoFactorRememberMe" }

-- Cookies that say "this browser is signed in".
local tickets = { ".ASPXAUTH", ".AspNet.ApplicationCookie", ".AspNet.Cookies", ".AspNetCore.Identity.Application" }

local way = [[form:has([name="SelectedProvider"])]]
local verify = [[form:has(input[name="Code"]), form:has(input[name="Input.TwoFactorCode"])]]

local patterns = {
  { kind = "select", html = way, prompt = { "Where should the code be sent?" }, expires = life },
  { kind = "otp", medium = "sms", html = [[form:has(input[name="Code"]) input[name="Provider"][value*="Phone"] ]],
    prompt = { "Enter the code that was sent by text message" }, dest = "#destination", expires = life },
  { kind = "otp", medium = "email", html = [[form:has(input[name="Code"]) input[name="Provider"][value*="Email"] ]],
    prompt = { "Enter the code that was sent by email" }, dest = "#destination", expires = life },
  { kind = "totp", medium = "app",
    html = [[form:has(input[name="Code"]) input[name="Provider"][value*="Authenticator"] ]],
    prompt = { "Enter the code of your authenticator app" }, expires = life },
  { kind = "otp", html = [[form input[name="Code"] ]], prompt = [[label[for="Code"] ]], expires = life },
  { kind = "totp", medium = "app", html = [[input[name="Input.TwoFactorCode"] ]],
    prompt = { "Enter the code of your authenticator app" }, digits = 6, expires = life },
}

local errors = {
  -- Core leads to the lockout page, MVC shows it in place of the page asked for.
  { code = "auth.locked", url = [[/Lockout\b]] },
  { code = "auth.locked", html = "h1, h2", text = [[(?i)^locked out]] },
  { code = "mfa.code_expired", html = said, text = [[(?i)code.*expired]], message = said },
  { code = "mfa.code_wrong", html = said, message = said,
    text = [[(?i)invalid (authenticator |verification )?code|code.*(incorrect|invalid|not valid)]] },
  { code = "auth.password_expired", html = said, text = [[(?i)password (has|is) expired]], message = said },
  { code = "auth.locked", html = said, text = [[(?i)locked]], message = said },
  { code = "auth.credentials", html = said, text = bad_login, message = said },
  { code = "mfa.must_enroll", url = [[/Manage/EnableAuthenticator\b]] },
}

local first = "$.Errors[*][0]"
local ajax_patterns = {
  { kind = "otp", medium = "sms", json = "$.IsMfaRequired", equals = true, dest = "$.MaskedPhone",
    prompt = { "Enter the code that was sent by text message" }, expires = life },
}
local ajax_errors = {
  { code = "auth.locked", json = "$.IsLockedOut", equals = true, message = first },
  { code = "auth.session_lost", json = "$.SessionExpired", equals = true },
  { code = "mfa.code_expired", json = first, match = [[(?i)code.*expired]], message = first },
  { code = "mfa.code_wrong", json = first, match = [[(?i)code.*(incorrect|invalid|not valid)]], message = first },
  { code = "mfa.send_limited", json = first, message = first,
    match = [[(?i)code.*(limit|too many)|(limit|too many).*code]] },
  { code = "auth.password_expired", json = first, match = [[(?i)password (has|is) expired]], message = first },
  { code = "auth.credentials", json = first, match = bad_login, message = first },
}

local function host_of(page)
  return page.url:match("^https?://([^/:]+)")
end

function Aspnet.restore(_, s, page)
  for _, name in ipairs(remembers) do
    if s.keep[name] then
      s.cookies:set { name = name, value = s.keep[name], domain = host_of(page), host_only = true, path = "/",
        secure = true }
    end
  end
end

function Aspnet.remember(_, s)
  for _, name in ipairs(remembers) do s.keep[name] = s.cookies:get(name) end
end

-- The page inside. The sign-in form in its place is a lost session once there was one, else a refusal in unknown words.
local function entered(s, page, inside)
  for _, name in ipairs(tickets) do
    if s.cookies:get(name) then return site.inside(s, page, inside) end
  end
  return site.page(s, page, inside)
end

-- An answer that leads back to the sign-in form came too late.
local function unless_lost(s, page)
  if page.type == "text/html" and page:has(loginform.selector) and not page.mfa then
    s:fail("auth.session_lost", "the portal asks for the password again")
  end
  return page
end

-- Sends the code by the provider chosen; an authenticator is no news to anybody.
local function send(s, page, provider)
  local form = page:form(way)
  form.SelectedProvider, s.provider = provider, provider
  page = unless_lost(s, s:submit(form, { sends_code = not provider:find("Authenticator") or nil }))
  if not page:has(verify) then s:fail("mfa.send_failed", "the portal asks for no code once it was to send one") end
  return page
end

local function providers(page)
  local choices = {}
  for _, option in ipairs(page:all(way .. [[ [name="SelectedProvider"] option]])) do
    local id = option:attr("value") or option:text()
    if id ~= "" then choices[#choices + 1] = { id = id, label = option:text() } end
  end
  return choices
end

-- A single provider is not asked about. What was chosen from is kept for another code and for another way.
local function choose(s, page)
  s.providers, s.providers_at = providers(page), page.url
  local provider = s.providers[1] and s.providers[1].id
  if not provider then s:fail("mfa.must_enroll", "the portal wants a second factor and knows none to offer") end
  if #s.providers > 1 then
    provider = s:ask { kind = "select", prompt = page.mfa.prompt, choices = s.providers, expires = life }
  end
  return send(s, page, provider)
end

local function answer(s, code, page)
  local form = page:form(verify)
  form:set(form:get("Code") and "Code" or "Input.TwoFactorCode", code)
  for _, name in ipairs { "RememberBrowser", "Input.RememberMachine" } do
    if form:get(name) ~= nil then form:set(name, true) end
  end
  return unless_lost(s, s:submit(form))
end

local function enter(s, page)
  local challenge = page.mfa
  local function again(provider) return send(s, unless_lost(s, s:get(s.providers_at)), provider) end
  local several = s.providers and #s.providers > 1
  challenge.alternatives = several and s.providers or nil
  return s:ask(challenge, {
    verify = function(code, latest) return answer(s, code, latest) end,
    resend = s.providers and challenge.kind == "otp" and function() return again(s.provider) end or nil,
    switch = several and again or nil,
  })
end

local xhr = { ["X-Requested-With"] = "XMLHttpRequest", Accept = "application/json, text/javascript, */*; q=0.01" }

-- The code of an AJAX sign-in. For a browser the page never changed: its token and address go with each request.
local function enter_by_ajax(s, page, key, referer, ajax)
  local function post(url, fields, sends_code)
    fields[token] = key
    return s:post(url, { form = fields, headers = xhr, referer = referer, sends_code = sends_code })
  end
  return s:ask(page.mfa, {
    verify = function(code) return post(ajax.verify, { [ajax.code] = code }) end,
    resend = function()
      local sent = post(ajax.resend, {}, true)
      if site.json(s, sent).IsSuccess ~= true then
        s:fail("mfa.send_failed", "the portal does not say that it sent another code")
      end
      return sent
    end,
  })
end

-- What a page's script posts: every field of the form, whatever method the form names (a script does not look at it).
local function posted(form)
  local out = {}
  for _, control in ipairs(form:controls()) do
    local value = control.name ~= "" and not control.disabled and form:get(control.name) or nil
    if value == true then value = control.value end
    if value then out[#out + 1] = { control.name, value } end
  end
  return out
end

-- The sign-in by XMLHttpRequest: where the JSON answers lead.
local function by_ajax(self, s, page)
  local form, referer = loginform.fill(s, page, self), page.url
  local key = form:get(token)
  page = s:post(form:action(), { form = posted(form), headers = xhr })
  while page.mfa do page = enter_by_ajax(s, page, key, referer, self.ajax) end
  local target = page.type == "application/json" and page:json().RedirectUrl
  return type(target) == "string" and page:json().IsSuccess == true and s:get(target) or page
end

-- The sign-in by partial postback: what the panel says if the page stays.
local function by_postback(self, s, page)
  local view = webforms.open(page)
  local values = loginform.values(s, page:form(self.form or loginform.selector), self)
  local reached = view:partial(s, { panel = self.webforms.panel, button = self.webforms.button, values = values })
  if reached then return reached end
  for _, panel in pairs(view.panels) do
    local words = panel:one(said, { optional = true })
    if words and regex.match(words:text(), bad_login) then s:fail("auth.credentials", words:text()) end
  end
  s:fail("adapter.unexpected_page", "the partial postback of the sign-in led nowhere")
end

-- Answers what the portal asks, until it asks no more.
local function answered(s, page)
  while page.mfa do page = page.mfa.kind == "select" and choose(s, page) or enter(s, page) end
  return page
end

function Aspnet:sign_in(s)
  local page = site.page(s, s:get(self.login), self.form or loginform.selector)
  self:restore(s, page)
  if self.ajax then
    page = by_ajax(self, s, page)
  elseif self.webforms then
    page = answered(s, by_postback(self, s, page))
  else
    page = answered(s, s:submit(loginform.fill(s, page, self)))
  end
  page = entered(s, page, self.inside)
  self:remember(s)
  return page
end

-- By the sign-out form that the framework's pages carry; it has the antiforgery token of the moment.
function Aspnet.sign_out(_, s, page)
  s:submit(page:form("form#logoutForm"))
end

return function(config)
  local idp = setmetatable({}, Aspnet)
  for name, value in pairs(config) do idp[name] = value end
  idp.life = life
  idp.patterns = config.ajax and ajax_patterns or patterns
  idp.errors = list.join(config.ajax and ajax_errors or errors, site.errors)
  return idp
end
