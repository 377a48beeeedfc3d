-- SAP Java form logon: the logon page of SAP's application server, with the second factor that a utility puts behind
-- it.
--
--   local idp = require("meterkey.idp.sap") { logon = "/bdisu/logon.sap", inside = "#contractAccounts" }
--
-- logon    URL of the logon page
-- inside   selector that finds something on the page behind the logon
-- trust    name of the cookie that remembers a device, where the portal has one
--
-- sign_in(s) returns the page inside. The fields of the logon form are its own (j_user, j_password by convention) and
-- its hidden ones go back; a failure is a page with status 200 and a message area. The second factor is a form on the
-- next page with the ways to get a code, whose posting makes the portal send one, then a form for the code, with
-- buttons for another code and another way. A challenge lives ten minutes. A lost session is the logon form again. An
-- offer to enrol is put off by its own button.
--
-- Fields and cookies of the logon are common knowledge of the platform; the second factor's forms, names and words are
-- modelled, and stand in `second` and `says` alone.
local list, loginform, site = require "meterkey.list", require "meterkey.idp.loginform", require "meterkey.site"

local Sap = {}
Sap.__index = Sap

local life = 600

local second = {
  way = [=[form[name="mfaMethodForm"]]=],
  code = [=[form[name="mfaCodeForm"]]=],
  offer = [=[form[name="mfaEnrollForm"]]=],
  verify = { "event", "verify" },
  resend = { "event", "resend" },
  change = { "event", "change" },
  later = { "event", "later" },
}
local says = ".urMsgBarErr"

local function code_by(method)
  return second.code .. (' input[name="method"][value="%s"]'):format(method)
end

local patterns = {
  { kind = "select", html = second.way, prompt = { "How should the code be sent?" }, expires = life },
  { kind = "otp", medium = "sms", html = code_by "SMS", prompt = { "Enter the code that was sent by text message" },
    dest = "#mfaDest", expires = life },
  { kind = "otp", medium = "voice", html = code_by "VOICE", prompt = { "Enter the code that a call told you" },
    dest = "#mfaDest", expires = life },
  { kind = "otp", html = second.code, prompt = { "Enter the code that the utility sent" }, dest = "#mfaDest",
    expires = life },
}

local errors = {
  { code = "mfa.code_expired", html = says, text = [[(?i)code.*expired]], message = says },
  { code = "mfa.tries_exhausted", html = says, text = [[(?i)too many attempts]], message = says },
  { code = "mfa.send_limited", html = says, text = [[(?i)too many codes]], message = says },
  { code = "mfa.code_wrong", html = says, text = [[(?i)code.*(not (correct|valid)|incorrect|invalid|wrong)]],
    message = says },
  { code = "auth.session_lost", html = ".urMsgBarWarn, .urMsgBarErr", text = [[(?i)session.*(timed out|expired|ended)]],
    message = ".urMsgBarWarn, .urMsgBarErr" },
  { code = "auth.locked", html = says, text = [[(?i)\blocked\b]], message = says },
  { code = "auth.password_expired", html = [[input[name="j_sap_new_password"], input[name="j_new_password"] ]] },
  { code = "auth.credentials", html = says, text = [[(?ix) (authentication | log-?on | log-?in)\ (has\ )?failed |
    user\ ?(id|name)?\b .* password .* (incorrect | invalid | not\ found | wasn.t\ found)]], message = says },
  { code = "mfa.must_enroll", html = second.offer .. [[:not(:has([name="event"][value="later"]))]] },
}

local function label_of(page, radio)
  local id = radio:attr("id")
  local label = radio:one("./ancestor::label", { optional = true }) or
    id and page:one(('label[for="%s"]'):format(id), { optional = true })
  return label and label:text() or radio:attr("value")
end

local function ways(page)
  local out = {}
  for i, radio in ipairs(page:all(second.way .. ' input[type="radio"][name="method"]')) do
    out[i] = { id = radio:attr("value"), label = label_of(page, radio) }
  end
  return out
end

-- A page that should ask for the code just sent: what is said on it is why it was not.
local function sent(s, page)
  local words = site.text(page, says)
  if words then s:fail("mfa.send_failed", words) end
  if page.mfa and page.mfa.kind == "select" then
    s:fail("mfa.send_failed", "the portal asks again how to send the code")
  end
  return page
end

local function send(s, page, method)
  local form = page:form(second.way)
  form:set("method", method)
  local button = form:buttons()[1]
  return sent(s, s:submit(form, { button = button and button.element, sends_code = true }))
end

-- A single way is not asked about.
local function choose(s, page)
  s.ways = ways(page)
  if #s.ways == 0 then s:fail("mfa.method_unavailable", "the portal wants a code and offers no way to send it") end
  local method = s.ways[1].id
  if #s.ways > 1 then method = s:ask { kind = "select", prompt = page.mfa.prompt, choices = s.ways, expires = life } end
  return send(s, page, method)
end

local function enter(s, page)
  local challenge = page.mfa
  local several = s.ways and #s.ways > 1
  challenge.alternatives = several and s.ways or nil
  return s:ask(challenge, {
    verify = function(code, latest)
      local form = latest:form(second.code)
      form:set("code", code)
      if form:get("trustDevice") ~= nil then form:set("trustDevice", true) end
      return s:submit(form, { button = second.verify })
    end,
    resend = function(latest)
      return sent(s, s:submit(latest:form(second.code), { button = second.resend, sends_code = true }))
    end,
    switch = several and function(method, latest)
      return send(s, s:submit(latest:form(second.code), { button = second.change }), method)
    end or nil,
  })
end

function Sap:sign_in(s)
  local page = site.page(s, s:get(self.logon), loginform.selector)
  local host = page.url:match("^https?://([^/:]+)")
  if self.trust and s.keep.device then
    s.cookies:set { name = self.trust, value = s.keep.device, domain = host, host_only = true, path = "/",
      secure = true }
  end
  page = s:submit(loginform.fill(s, page))
  while page.mfa do page = page.mfa.kind == "select" and choose(s, page) or enter(s, page) end
  if page:has(second.offer) then page = s:submit(page:form(second.offer), { button = second.later }) end
  page = site.page(s, page, self.inside)
  if self.trust then s.keep.device = s.cookies:get(self.trust) end
  return page
end

-- By the log-off link of the page given.
function Sap.sign_out(_, s, page)
  s:get(page:one([[a[href*="logoff"] ]]):attr("href"))
end

return function(config)
  return setmetatable({ logon = config.logon, inside = config.inside, trust = config.trust, life = life,
    patterns = patterns, errors = list.join(errors, site.errors) }, Sap)
end
