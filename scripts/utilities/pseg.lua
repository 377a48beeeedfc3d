-- Public Service Electric and Gas, New Jersey.
-- Portal facts: the portal hands over to Okta's hosted page and takes the customer back by forms that submit
-- themselves; a second factor is asked at every sign-in and no device is remembered. Where the hosted page asks for a
-- captcha the session ends. The meters are in the MyMeter portal, reached by SAML; the file of its download is the one
-- list that has them all, with a row for each reading. What is not documented of the download is modelled (`download`).
local account, address, csv, fold = require "meterkey.account", require "meterkey.address", require "meterkey.csv",
  require "meterkey.fold"
local json, list, saml = require "meterkey.json", require "meterkey.list", require "meterkey.idp.saml"
local site = require "meterkey.site"

local portal = "https://nj.myaccount.pseg.com"
local org = "https://id.myaccount.pseg.com"
local mymeter = "https://mysmartenergy.nj.pseg.com"
local app = org .. "/app/psegnjb2c_mymeter_1/exktrfl7ruOTPxcyv357/sso/saml"

local idp = require("meterkey.idp.okta_idx") { org = org, or_off = true }

-- MyMeter's own numbers of services.
local services = { { number = 1, name = "electric" }, { number = 4, name = "gas" } }

-- Those of the download that tell a meter; there are more.
local columns = { "AccountNumber", "Meter", "Location", "Address" }

local own_errors = {
  { code = "site.error_page", url = [[/ErrorPage\b]] },
  { code = "auth.not_a_customer", html = "body", message = "body",
    text = [[(?i)MyMeter account could ?n[o']t be authenticated]] },
}

-- The meters' ids, a JSON array in an attribute of the chart's page.
local function ids_of(page)
  return json.decode(page:one([=[[value^="["]]=]):attr("value"))
end

local function download(s, page, service)
  local fields = {
    { "__RequestVerificationToken", page:one([[input[name="__RequestVerificationToken"] ]]):attr("value") },
    { "SelectedFormat", "1" }, { "SelectedServiceType", service.number },
  }
  for i, id in ipairs(ids_of(page)) do
    fields[#fields + 1] = { ("Meters[%d].Value"):format(i - 1), id }
    fields[#fields + 1] = { ("Meters[%d].Selected"):format(i - 1), "true" }
  end
  local file = site.page(s, s:post(mymeter .. "/Usage/Download", { form = fields, referer = page.url }))
  if file.status ~= 200 or file.type ~= "text/csv" then
    s:fail("adapter.unexpected_page", ("the download is %s with status %d"):format(file.type, file.status))
  end
  return file.body
end

local function read_meter(row, service)
  return {
    account = account.number(row.AccountNumber), meter = row.Meter, point = row.Location ~= "" and row.Location or nil,
    service = service.name, address = address.parse(row.Address),
  }
end

return {
  api = 1,
  id = "pseg",
  name = "PSE&G",
  utility_id = "PSEG",
  regions = { "NJ" },
  services = { "electric", "gas" },
  portal = portal .. "/",
  hosts = { "nj.myaccount.pseg.com", "id.myaccount.pseg.com", "mysmartenergy.nj.pseg.com" },
  evidence = "documented",
  timezone = "America/New_York",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = { policy = "relay", kinds = { "otp", "select" }, patterns = idp.patterns,
    steps = { "Sign in at nj.myaccount.pseg.com and open the security settings.",
      "Switch the second factor off, if it can be." } },
  errors = list.join(own_errors, idp.errors),

  sign_in = function(s)
    local page = saml.pass(s, site.page(s, s:get(portal .. "/user/login")))
    if page.url:find("/ErrorPage", 1, true) then s:fail("site.error_page") end
    page = saml.pass(s, idp:sign_in(s, page))
    site.page(s, page, [[a[href*="/user/logout"] ]])
    page = site.page(s, saml.pass(s, s:get(app)))
    if not page.url:find(mymeter .. "/Dashboard", 1, true) then
      s:fail("adapter.unexpected_page", "the hand-over to MyMeter ended at " .. page.url)
    end
  end,

  meters = function(s)
    local page = site.page(s, s:get(mymeter .. "/Dashboard/Chart"), [[input[name="__RequestVerificationToken"] ]])
    if #ids_of(page) == 0 then return {}, "none" end
    local out = {}
    for _, service in ipairs(services) do
      local rows = csv.distinct(download(s, page, service), columns)
      for _, row in ipairs(rows) do out[#out + 1] = read_meter(row, service) end
    end
    return fold.meters(out)
  end,

  sign_out = function(s)
    idp:sign_out(s)
    s:get(portal .. "/user/logout")
  end,
}
