-- The sign-in of the speed test: ten exchanges, three pages as trees, one code, six meters.
-- Portal facts: portal.c beside this file.

local services = { E = "electric", G = "gas" }

return {
  api = 1, id = "bench", name = "Bench Power",
  regions = { "NY" }, services = { "electric", "gas" },
  portal = "https://portal.bench.test/",
  hosts = { "portal.bench.test" },
  evidence = "documented",
  credentials = {
    { name = "username", label = "E-mail", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = { policy = "relay", patterns = {
    { kind = "otp", medium = "sms", html = "form#mfa input[name=code]", prompt = "label[for=code]", digits = 6 },
  } },
  errors = {
    { code = "auth.credentials", status = 403 },
  },

  sign_in = function(s)
    local page = s:get("/")
    local form = page:form("#signin")
    form.username, form.password = s.credentials.username, s.credentials.password
    page = s:submit(form)
    while page.mfa do
      page = s:ask(page.mfa, { verify = function(answer, found)
        local verify = found:form("#mfa")
        verify.code = answer
        return s:submit(verify)
      end })
    end
    s:expect(page, "#account-home")
    s.headers = { ["X-Api-Token"] = page:one("meta[name=api-token]"):attr("content") }
  end,

  meters = function(s)
    local opts, out = { headers = s.headers }, {}
    s:get("/api/profile", opts):json()
    for _, account in ipairs(s:get("/api/accounts", opts):json().accounts) do
      local at = account.address
      local listed = s:get("/api/accounts/" .. account.id .. "/meters", opts):json()
      for _, m in ipairs(listed.meters) do
        out[#out + 1] = { account = account.number, meter = m.serial, service = services[m.kind], tariff = m.rate,
                          address = { street = at.line1, city = at.city, region = at.state, postcode = at.zip } }
      end
    end
    return out
  end,
}
