-- Northvale Energy, the test portal: Django's sign-in, then django-otp's form for the second factor.
-- Portal facts: the code form names the devices of the customer; a button of the same form mails a code;
-- after n wrong codes the device is closed for 2^(n-1) seconds, and what comes earlier is not looked at;
-- an expired code is told apart from a wrong one nowhere.

local services = { Electricity = "electric", Gas = "gas" }

local function devices(page)
  local list = {}
  for i, option in ipairs(page:all("#verify select[name=otp_device] option")) do
    list[i] = { id = option:attr("value"), label = option:text() }
  end
  return list
end

local function choose(s, page)
  local list = devices(page)
  if #list == 0 then s:fail("mfa.must_enroll", "The account has no second factor yet") end
  if #list == 1 then return list[1].id end
  return s:ask({ kind = "select", prompt = { "How do you want to get your code?" }, choices = list })
end

local function send_code(s, page, device)
  local form = page:form("#verify")
  form.otp_device = device
  return s:submit(form, { button = "otp_challenge", sends_code = true })
end

-- A verify handler that sends no code while the device is closed: it would be spent for nothing.
local function verifier(s, device, found)
  local wrong, opens = 0, 0
  return function(code, page)
    local pause = opens - s:now()
    if pause > 0 then s:wait(math.ceil(pause)) end
    local form = (page or found):form("#verify")
    form.otp_device, form.otp_token = device, code
    local answer = s:submit(form)
    opens = s:now() + 2 ^ wrong + 1
    wrong = wrong + 1
    return answer
  end
end

local function second_factor(s, page)
  local device = choose(s, page)
  if not device:find("otp_email", 1, true) then
    local challenge = { kind = "totp", digits = 6, prompt = { "Enter the code of your authenticator" } }
    return s:ask(challenge, { verify = verifier(s, device, page) })
  end
  page = send_code(s, page, device)
  local challenge = { kind = "otp", medium = "email", digits = 6, expires = 300,
                      prompt = { "Enter the code that was mailed to you" } }
  return s:ask(challenge, {
    verify = verifier(s, device, page),
    resend = function(latest) return send_code(s, latest or page, device) end,
  })
end

local function read_row(s, row)
  local cells = row:all("td")
  local city, state, postcode = row:one(".town"):text():match("^(.+), (%u%u) (%d+)$")
  if not city then s:fail("adapter.parse", "address of " .. cells[1]:text()) end
  return {
    account = cells[2]:text(), meter = cells[1]:text(), service = services[cells[3]:text()] or "other",
    tariff = cells[4]:text(), status = cells[6]:text() == "Closed" and "closed" or "active",
    address = { street = row:one(".street"):text(), city = city, region = state, postcode = postcode },
  }
end

return {
  api = 1, id = "djangoportal", name = "Northvale Energy",
  regions = { "NY" }, services = { "electric", "gas" },
  portal = "http://127.0.0.1:18102/",
  hosts = { "http://127.0.0.1:18102" },
  evidence = "documented",
  credentials = {
    { name = "username", label = "User name" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = { policy = "relay", patterns = {
    { kind = "otp", html = "form#verify input[name=otp_token]", prompt = "label[for=id_otp_token]", digits = 6 },
  } },
  errors = {
    { code = "auth.session_lost", html = "form#verify input[name=username]" },
    { code = "auth.credentials", html = ".errorlist.nonfield", text = [[(?i)enter a correct username and password]],
      message = ".errorlist.nonfield" },
    { code = "mfa.code_wrong", html = "#verify .errorlist.nonfield", text = [[(?i)invalid token]],
      message = ".errorlist.nonfield" },
    { code = "mfa.method_unavailable", html = "#verify .errorlist.nonfield",
      text = [[(?i)verification (of the token is currently|temporarily) disabled]], message = ".errorlist.nonfield" },
  },

  sign_in = function(s)
    local page = s:get("/accounts/login/")
    local form = page:form()
    form.username, form.password = s.credentials.username, s.credentials.password
    page = s:submit(form)
    if page.mfa then page = second_factor(s, page) end
    s:expect(page, "a[href='/account/']")
  end,

  meters = function(s)
    local out = {}
    local account = s:get("/account/")
    local name = account:one("#profile dd"):text()
    local page = s:get("/meters/")
    while true do
      for _, row in ipairs(page:all("#meters tbody tr")) do
        local meter = read_row(s, row)
        meter.name = name
        out[#out + 1] = meter
      end
      local more = page:one("a[rel=next]", { optional = true })
      if not more then break end
      page = s:get(more:attr("href"))
    end
    if page:has("#no-meters") then return {}, "none" end
    return out
  end,

  sign_out = function(s) s:get("/accounts/logout/") end,
}
