-- DEMO Power & Gas, the made-up utility of `meterkey sandbox`.
-- Portal facts: every form carries csrf and step and is good for one POST; the account list
-- comes as JSON, the meters of each account as an HTML table; a remembered device is a cookie.

local service = { Electricity = "electric", Gas = "gas" }
local status = { Active = "active", Closed = "closed" }

-- What to do with each kind of challenge: the next page.
local answer = {}
-- Kinds that end with the device not being remembered.
local forgets = { question = true, approve = true }

function answer.select(s, page)
  local choices = {}
  for _, label in ipairs(page:all("#choose label")) do
    choices[#choices + 1] = { id = label:one("input"):attr("value"), label = label:text() }
  end
  local form = page:form("#choose")
  form.method = s:ask { kind = "select", prompt = page:one("#choose legend"):text(), choices = choices }
  return s:submit(form, { sends_code = true })
end

function answer.otp(s, page)
  return s:ask(page.mfa, {
    verify = function(code, latest)
      local form = latest:form("#code-form")
      form.code, form.remember = code, true
      return s:submit(form)
    end,
    resend = function(latest)
      return s:submit(latest:form("#resend"), { sends_code = true })
    end,
  })
end

function answer.totp(s, page)
  return s:ask(page.mfa, function(code, latest)
    local form = latest:form("#totp-form")
    form.totp, form.remember = code, true
    return s:submit(form)
  end)
end

-- One question is answered by a string, several by a table with the fields' names.
function answer.question(s, page)
  local labels = page:all("#questions label")
  if #labels == 1 then
    return s:ask(page.mfa, function(text, latest)
      local form = latest:form("#questions")
      form:set(labels[1]:attr("for"), text)
      return s:submit(form)
    end)
  end
  local fields = {}
  for i, label in ipairs(labels) do
    fields[i] = { name = label:attr("for"), label = label:text(), type = "text" }
  end
  local challenge = { kind = "question", prompt = page:one("h1"):text(), fields = fields }
  return s:ask(challenge, function(answers, latest)
    local form = latest:form("#questions")
    for _, field in ipairs(fields) do form:set(field.name, answers[field.name]) end
    return s:submit(form)
  end)
end

function answer.approve(s, page)
  return s:ask(page.mfa, {
    every = 2,
    poll = function(latest)
      if s:get("/verify/status"):json("$.status") == "waiting" then return nil end
      return s:submit(latest:form("#approve-form"))
    end,
  })
end

local function accept_terms(s, page)
  s:ask { kind = "acknowledge", prompt = page:one(".terms"):text() }
  local form = page:form("#terms")
  form.accept = true
  return s:submit(form)
end

local function read_address(row)
  local unit = row:one(".unit", { optional = true })
  return {
    street = row:one(".street"):text(), unit = unit and unit:text(), city = row:one(".city"):text(),
    region = row:one(".state"):text(), postcode = row:one(".zip"):text(), country = "US",
  }
end

local function read_meter(s, account, row)
  local kind = row:one(".service"):text()
  return {
    account = account.number, account_id = account.id, name = account.holder,
    service = service[kind] or s:fail("adapter.parse", "an unknown service: " .. kind),
    meter = row:one(".number"):text(), point = row:attr("data-point"), tariff = row:one(".tariff"):text(),
    status = status[row:one(".status"):text()] or "unknown", address = read_address(row),
  }
end

return {
  api = 1,
  id = "demo",
  name = "DEMO Power & Gas",
  utility_id = "DEMO",
  regions = { "NY" },
  services = { "electric", "gas" },
  portal = "http://127.0.0.1:18102/",
  hosts = { "http://127.0.0.1:18102" },
  evidence = "documented",
  timezone = "America/New_York",
  credentials = {
    { name = "username", label = "User name", type = "text" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "relay",
    patterns = {
      { kind = "select", html = "form#choose", prompt = "#choose legend" },
      { kind = "otp", medium = "sms", html = "#sent[data-medium=sms]", prompt = "label[for=code]", dest = "#sent .dest",
        digits = 6, expires = 600 },
      { kind = "otp", medium = "email", html = "#sent[data-medium=email]", prompt = "label[for=code]", dest = "#sent .dest",
        digits = 6, expires = 600 },
      { kind = "otp", medium = "voice", html = "#sent[data-medium=voice]", prompt = "label[for=code]", dest = "#sent .dest",
        digits = 6, expires = 600 },
      { kind = "totp", medium = "app", html = "form#totp-form", prompt = "label[for=totp]", digits = 6 },
      { kind = "question", html = "form#questions", prompt = "label" },
      { kind = "approve", medium = "app", html = "form#approve-form", prompt = "#waiting", expires = 600 },
    },
  },

  errors = {
    { code = "auth.credentials", html = "#login-error, #login-missing", message = ".alert" },
    { code = "auth.locked", html = "#account-locked", message = ".alert" },
    { code = "auth.session_lost", html = "#session-ended", message = ".alert" },
    { code = "auth.password_expired", html = "#password-expired", message = "#password-expired" },
    { code = "mfa.code_wrong", html = "#code-wrong, #answer-wrong", message = ".alert" },
    { code = "mfa.code_expired", html = "#code-expired", message = ".alert" },
    { code = "mfa.code_reused", html = "#code-used", message = ".alert" },
    { code = "mfa.tries_exhausted", html = "#tries-exhausted", message = ".alert" },
    { code = "mfa.send_limited", html = "#send-limit", message = ".alert" },
    { code = "mfa.denied", html = "#denied", message = ".alert" },
    { code = "mfa.approval_expired", html = "#approval-expired", message = ".alert" },
    { code = "mfa.must_enroll", html = "#must-enroll", message = "#must-enroll" },
    { code = "user_action.terms", html = "#sign-terms", message = "#sign-terms" },
    { code = "site.blocked", html = "form#captcha" },
    { code = "site.rate_limited", status = 429, message = "#too-many" },
    { code = "site.maintenance", status = 503, message = "#maintenance" },
    { code = "site.error_page", status = 500, message = "#site-error" },
  },

  sign_in = function(s)
    if s.keep.device then
      s.cookies:set { name = "demo_device", value = s.keep.device, domain = "127.0.0.1", path = "/" }
    end
    local page = s:get("/login", { accept = { 200 } })
    local form = page:form("#signin")
    form.username, form.password = s.credentials.username, s.credentials.password
    page = s:submit(form)
    if page:has("#security-key") then s:must_be_off() end
    local known = true
    while page.mfa do
      known = not forgets[page.mfa.kind]
      page = answer[page.mfa.kind](s, page)
    end
    if page:has("form#terms") then page = accept_terms(s, page) end
    s:expect(page, "#account-home")
    s.keep.device = known and s.cookies:get("demo_device") or nil
    s.home = page
  end,

  meters = function(s)
    local list = s:get("/api/accounts", { accept = { 200 } }):json("$.accounts")
    if #list == 0 and s.home:has("#no-service") then return {}, "none" end
    local out = {}
    for _, account in ipairs(list) do
      local page = s:get(account.href, { accept = { 200 } })
      for _, row in ipairs(page:all("#meters tr.meter")) do
        out[#out + 1] = read_meter(s, account, row)
      end
    end
    return out
  end,

  sign_out = function(s)
    s:submit(s:get("/home"):form("#signout"))
  end,
}
