-- NV Energy, Nevada: electricity north and south, gas around Reno.
-- Portal facts: an application in the browser behind Azure AD B2C (a tenant of the owner's, shared with sister
-- companies), over a JSON interface whose answers begin with a line against JSON hijacking. Its token goes without the
-- word Bearer. North and south are two companies with a list of accounts each. Policy, client and where to come back to
-- are read from the redirect. The companies' codes and all keys but accountNumber, customerLastName and billType are
-- modelled, and read in `account_of` and `meter_of`; what billType says is not known, so it is only passed on.
local account, address, api = require "meterkey.account", require "meterkey.address", require "meterkey.api"
local fold, service = require "meterkey.fold", require "meterkey.service"
local site, tariff = require "meterkey.site", require "meterkey.tariff"

local portal = "https://www.nvenergy.com/my-account"
local interface = "https://services.nvenergy.com/api/1.0/cdx/"
local companies = { "NPC", "SPPC" }
local source = "CUSTOMER WEB ACCESS(CWA)"

local idp = require("meterkey.idp.b2c") { entry = portal, app = true }

-- ResponseBody of a call; nil where the interface says that it failed.
local function call(s, path, body)
  body.nvesource = source
  local page = s:post(interface .. path, {
    json = body, referer = portal,
    headers = { Authorization = s.token, ["X-CDX-CUSTOM-DATA"] = "B2C",
      Accept = "application/json, text/plain, application/com.nvenergy" },
  })
  if page.status == 401 then s:fail("auth.session_lost", "the portal has signed the customer out: " .. page.url) end
  local reply = site.json(s, page)
  return reply.isSuccess == true and reply.ResponseBody or nil
end

local function address_of(row)
  local at = row.serviceAddress
  if type(at) ~= "table" then return nil end
  return address.of { line1 = at.line1, line2 = at.line2, city = at.city, region = at.state, postcode = at.zip }
end

-- What an account's rows have in common.
local function account_of(row)
  return { account = account.number(row.accountNumber), name = row.customerLastName, address = address_of(row),
    status = service.status(row.accountStatus) }
end

local function meter_of(row, meter, kind)
  local out = account_of(row)
  out.service = service.class(meter.serviceType or kind)
  out.meter, out.point = account.number(meter.meterNumber), account.number(meter.servicePointId)
  out.tariff = tariff.code(meter.rateSchedule)
  return out
end

-- One row a meter; without meters one a service that the account has.
local function rows_of(s, row)
  local out = {}
  local body = call(s, "viewusage/getMeterList", { accountNumber = row.accountNumber, billType = row.billType })
  for i, meter in ipairs(api.elements(body and body.meterList)) do out[i] = meter_of(row, meter) end
  if #out > 0 then return out end
  for i, kind in ipairs(api.elements(row.serviceTypes)) do out[i] = meter_of(row, {}, kind) end
  if #out == 0 then s:fail("adapter.parse", "an account with neither meters nor services") end
  return out
end

return {
  api = 1,
  id = "nve",
  name = "NV Energy",
  utility_id = "NVE",
  regions = { "NV" },
  services = { "electric", "gas" },
  portal = portal,
  hosts = { "*.nvenergy.com", "*.b2clogin.com" },
  evidence = "modelled",
  timezone = "America/Los_Angeles",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "turn_off",
    steps = { "Open My Account at nvenergy.com and go to the security settings of your profile.",
      "Switch the extra verification step off, and save." },
    kinds = idp.kinds,
    patterns = idp.patterns,
  },

  errors = idp.errors,

  sign_in = function(s)
    local _, tokens = idp:sign_in(s)
    s.token = tokens.access_token
  end,

  meters = function(s)
    local rows, listed = {}, 0
    for _, company in ipairs(companies) do
      local wanted = { _companyCode = company, getBothCompanyCodeLists = false }
      local body = call(s, "userAccount/retrieveAccountList", wanted)
        or s:fail("adapter.unexpected_page", "the portal does not list the accounts of " .. company)
      for _, row in ipairs(api.elements(body.accountLists)) do
        listed = listed + 1
        for _, meter in ipairs(rows_of(s, row)) do rows[#rows + 1] = meter end
      end
    end
    if listed == 0 then return {}, "none" end
    return fold.meters(rows)
  end,

  sign_out = function(s)
    idp:sign_out(s, portal)
  end,
}
