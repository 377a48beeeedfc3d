-- Salesforce communities (Experience Cloud): the sign-in of a Lightning (Aura) or Visualforce page, second factor and all.
--
--   local idp = require("meterkey.idp.salesforce") { site = "https://my.example.test/customers" }
--
-- site   origin and path prefix of the community
-- apex   the portal's own login controller: { class =, login =, choose =, verify = } (names of the class and its methods);
--        without it, the standard login component
-- home   selector that finds something on the page behind the sign-in
--
-- idp:sign_in(s, page) takes the sign-in page as it is: with a Visualforce form it posts that, else it calls the Aura endpoint.
-- Returns the page behind. idp:sign_out(s) ends the session.
--
-- Sends a code: the choice of a way by the portal's own controller; the identity verification page comes with one sent, its
-- resend link sends another. A challenge lives ten minutes. What marks a lost session: the sign-in page again, an exception
-- event of the framework. A device is remembered by what the controller gives back, or by a cookie; both are in s.keep.
--
-- Documented: the Aura call, the custom controller's arguments and answers (a client of one utility); the cookie of a
-- known browser (Salesforce Help, "Device Activation"). Common knowledge: the standard component, Visualforce's
-- fields, the verification page and its checkbox, frontdoor.
local api, json, list, site = require "meterkey.api", require "meterkey.json", require "meterkey.list", require "meterkey.site"
local regex, url = require "meterkey.regex", require "meterkey.url"

local Salesforce = {}
Salesforce.__index = Salesforce

local life = 600
local known = "sfdc_lv2" -- the cookie that spares a browser the verification
local view_state = [=[form:has(input[name="com.salesforce.visualforce.ViewState"])]=]
local code_form = [=[form:has(input[name="emc"]), form:has(input[name="smc"])]=]
local says = ".errorM3, .message.errorM3 .messageText, #error"
local bad_login = [[(?ix) (username|user\ name|password|log\ ?in) .* (incorrect|invalid|not\ (match|recogni|valid)|check|failed)
  | (incorrect|invalid) .* (username|password)]]

local patterns = {
  { kind = "otp", medium = "email", html = [=[form:has(input[name="emc"])]=], expires = life,
    prompt = { "Enter the code that was sent by email" } },
  { kind = "otp", medium = "sms", html = [=[form:has(input[name="smc"])]=], expires = life,
    prompt = { "Enter the code that was sent by text message" } },
}

local errors = {
  { code = "mfa.code_wrong", html = says, message = says,
    text = [[(?i)code.*(incorrect|invalid|wrong|isn.t (right|valid))|(incorrect|invalid).*code]] },
  { code = "mfa.code_expired", html = says, text = [[(?i)code.*expired]], message = says },
  { code = "auth.locked", html = says, text = [[(?i)\block(ed|out)\b]], message = says },
  { code = "auth.credentials", html = says, text = bad_login, message = says },
}

-- What a text from a controller says is wrong.
local function refuse(s, text)
  if regex.match(text, [[(?i)\block(ed|out)]]) then s:fail("auth.locked", text) end
  if regex.match(text, [[(?i)session.*(ended|expired|timed out)|sign in again]]) then s:fail("auth.session_lost", text) end
  if regex.match(text, bad_login) then s:fail("auth.credentials", text) end
  s:fail("adapter.unexpected_page", "the sign-in answered: " .. text)
end

-- One action of the Aura endpoint: what it returned, and the whole answer. Framework values are those of the page.
function Salesforce:action(s, descriptor, params, marker, options)
  options = options or {}
  local context = { mode = "PROD", app = "siteforce:loginApp2", fwuid = s.aura.fwuid, loaded = s.aura.loaded }
  options.form = {
    message = json.encode {
      actions = { { id = "1;a", descriptor = descriptor, callingDescriptor = "UNKNOWN", params = params } } },
    ["aura.context"] = json.encode(context), ["aura.pageURI"] = s.aura.uri, ["aura.token"] = "null",
  }
  options.headers = { Accept = "*/*" }
  local page = s:post(("%s/s/sfsites/aura?r=1&%s=1"):format(self.site, marker), options)
  if page.body:find("clientOutOfSync", 1, true) or page.body:find("invalidSession", 1, true) then
    s:fail("auth.session_lost", "the community's page is from before an update, or its session is over")
  end
  local answer = site.json(s, page)
  local action = api.value(answer, "actions", 1)
  if not action or action.state ~= "SUCCESS" then
    s:fail("adapter.unexpected_page", "the community's action ended " .. tostring(api.value(action, "state")))
  end
  return api.value(action, "returnValue"), answer, page
end

-- What the page says of the framework, which goes along with each action.
local function open_aura(s, page)
  local found = page:match([["fwuid"\s*:\s*"(?<fwuid>[^"]+)"]])
  if not found then s:fail("adapter.unexpected_page", "the sign-in page is neither Visualforce nor Lightning") end
  s.aura = { fwuid = found.fwuid, uri = url.parse(page.url).path, loaded = { ["APPLICATION@markup://siteforce:loginApp2"] = "1" } }
end

-- An Apex method of the portal's own controller.
function Salesforce:apex_call(s, method, params, options)
  local value, _, page = self:action(s, "aura://ApexActionController/ACTION$execute",
    { namespace = "", classname = self.apex.class, method = method, params = params, cacheable = false, isContinuation = false },
    "aura.ApexAction.execute", options)
  return api.value(value, "returnValue"), page
end

local function choices_of(said)
  local out = {}
  if api.value(said, "EmailVal") then out[#out + 1] = { id = "Email", label = "Email: " .. said.EmailVal } end
  if api.value(said, "PhoneVal") then out[#out + 1] = { id = "Phone", label = "Text message: " .. said.PhoneVal } end
  return out
end

-- The custom controller's second factor: a choice, which sends, then the code.
function Salesforce:confirm(s, said)
  local choices = choices_of(said)
  if #choices == 0 then s:fail("mfa.method_unavailable", "the portal wants a code and offers no way to send it") end
  local way = choices[1].id
  if #choices > 1 then
    way = s:ask { kind = "select", prompt = "How should the code be sent?", choices = choices, expires = life }
  end
  local function send()
    local _, page = self:apex_call(s, self.apex.choose,
      { username = said.retencrUsrname, selectedChoice = way, isforgotpassword = false }, { sends_code = true })
    return page
  end
  send()
  local done
  local function verify(code)
    local answer, page = self:apex_call(s, self.apex.verify, {
      input = { authCode = code, encToken = said.encryptedTFT, usernameVal = said.retencrUsrname, otpType = way } })
    done = answer
    return page
  end
  local by_mail = way == "Email"
  s:ask({ kind = "otp", medium = by_mail and "email" or "sms", dest = by_mail and said.EmailVal or said.PhoneVal, expires = life,
    prompt = "Enter the code that the utility sent you" }, { resend = send, verify = verify })
  if api.value(done, "returnResponse") ~= "success" then refuse(s, tostring(api.value(done, "returnResponse"))) end
  local kept = api.value(done, "wrapperObj")
  if kept then s.keep.device = json.encode(kept) end
  return done.url
end

function Salesforce:by_apex(s)
  local said = self:apex_call(s, self.apex.login, { username = s.credentials.username, password = s.credentials.password,
    browsercookie = s.keep.device or "", validationCode = "" })
  local message = api.value(said, "retMessage") or ""
  if message:find("^verifymfa") then message = self:confirm(s, said) end
  if not message:find("^https?://") and not message:find("^/") then refuse(s, message) end
  return s:get(message)
end

-- The standard component: no value and a redirect is success, a text is what is wrong.
function Salesforce:by_component(s)
  local value, answer = self:action(s, "apex://LightningLoginFormController/ACTION$login",
    { username = s.credentials.username, password = s.credentials.password, startUrl = "" }, "other.LightningLoginForm.login")
  if type(value) == "string" then refuse(s, value) end
  local target = api.value(answer, "events", 1, "attributes", "values", "url")
  if not target then s:fail("adapter.unexpected_page", "the sign-in named no page to go on with") end
  return s:get(target)
end

-- Visualforce: the whole form goes back, with the view state as it came.
local function by_form(s, page)
  local form = page:form(view_state)
  for _, control in ipairs(form:controls()) do
    if control.type == "password" then form:set(control.name, s.credentials.password) end
    if control.type == "text" or control.type == "email" then form:set(control.name, s.credentials.username) end
  end
  local button = form:buttons()[1]
  return s:submit(form, { button = button and button.element })
end

local function verify(s, page)
  local handlers = {}
  function handlers.verify(code, latest)
    local form = latest:form(code_form)
    form:set(form:get("emc") and "emc" or "smc", code)
    if form:get("RememberDeviceCheckbox") ~= nil then form:set("RememberDeviceCheckbox", true) end
    return s:submit(form, { button = "save" })
  end
  if page:has("a#resend") then
    function handlers.resend(latest)
      local again = s:get(latest:one("a#resend"):attr("href"), { sends_code = true })
      local words = site.text(again, says)
      if words then s:fail("mfa.send_failed", words) end
      return again
    end
  end
  return s:ask(page.mfa, handlers)
end

-- A page that only a script leads away from.
local function redirected(s, page)
  local found = page:match([[window\.location(?:\.href\s*=|\.replace\(|\s*=)\s*['"](?<url>[^'"]+)['"] ]], "x")
  return found and s:get(found.url) or page
end

function Salesforce:sign_in(s, page)
  if s.keep[known] then
    s.cookies:set { name = known, value = s.keep[known], domain = page.url:match("^https?://([^/:]+)"), path = "/",
      host_only = true, secure = true }
  end
  if page:has(view_state) then
    page = by_form(s, page)
  else
    open_aura(s, page)
    page = self.apex and self:by_apex(s) or self:by_component(s)
  end
  page = redirected(s, page)
  local asked = page.mfa ~= nil -- the sign-in page right after the password may be a refusal in unknown words
  while page.mfa do page = redirected(s, verify(s, page)) end
  if asked and page:has(code_form .. ", " .. view_state) then
    s:fail("auth.session_lost", "the sign-in page came again")
  end
  page = site.page(s, page, self.home)
  s.keep[known] = s.cookies:get(known)
  return page
end

function Salesforce:sign_out(s) s:get(self.site .. "/secur/logout.jsp") end

-- What a controller of the portal's own says, where it says it.
local returned = "$.actions[0].returnValue.returnValue."
local response = returned .. "returnResponse"

local apex_patterns = {
  { kind = "select", json = returned .. "retMessage", match = "^verifymfa", expires = life, prompt = { "How should the code be sent?" } },
}

local apex_errors = {
  { code = "mfa.code_wrong", json = response, match = [[(?i)code.*(incorrect|invalid|wrong)|(incorrect|invalid).*code]], message = response },
  { code = "mfa.code_expired", json = response, match = [[(?i)code.*expired]], message = response },
}

return function(config)
  local apex = config.apex ~= nil
  return setmetatable({ site = config.site, apex = config.apex, home = config.home, life = life,
    patterns = list.join(patterns, apex and apex_patterns or nil),
    errors = list.join(errors, apex and apex_errors or nil, site.errors) }, Salesforce)
end
