-- @NAME@.
-- Portal facts: none yet. Write here what the pages showed, and when:
-- `meterkey run @ID@ --report page.html` shows them.

local service = { E = "electric", G = "gas" }

return {
  api = 1,
  id = "@ID@",
  name = "@NAME@",
  regions = { "NY" },
  services = { "electric", "gas" },
  portal = "https://www.@HOST@.test/",
  hosts = { "www.@HOST@.test" },                    -- nothing else is reached: add each host that the sign-in passes
  evidence = "modelled",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "relay",
    patterns = {                                   -- looked at on each page of the sign-in; the first that holds counts
      { kind = "otp", medium = "sms", html = "form#mfa input[name=code]", prompt = "label[for=code]", digits = 6 },
    },
  },

  errors = {
    { code = "auth.credentials", html = ".login-error", text = [[(?i)(email|password).*(incorrect|not match)]] },
    { code = "auth.locked", html = ".login-error", text = [[(?i)locked]] },
    { code = "mfa.code_wrong", html = "#mfa .error" },
    { code = "site.maintenance", status = 503 },
  },

  sign_in = function(s)
    local page = s:get("/login")
    local form = page:form("#signin")
    form.username, form.password = s.credentials.username, s.credentials.password
    page = s:submit(form)
    while page.mfa do
      page = s:ask(page.mfa, function(code, latest)
        local mfa = latest:form("#mfa")
        mfa.code = code
        return s:submit(mfa)
      end)
    end
    s:expect(page, "#account-home")
  end,

  meters = function(s)
    local out = {}
    for i, account in ipairs(s:get("/api/accounts", { accept = { 200 } }):json("$.accounts")) do
      out[i] = {
        account = account.number, meter = account.meter, tariff = account.rate,
        service = service[account.kind] or s:fail("adapter.parse", "an unknown service: " .. tostring(account.kind)),
        address = { street = account.street, city = account.city, region = account.state, postcode = account.zip },
      }
    end
    return out
  end,

  sign_out = function(s) s:get("/logout") end,
}
