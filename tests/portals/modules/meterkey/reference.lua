-- What the adapters of the made-up reference portals share: everything but the sign-in.
--
--   return reference { id =, name =, home =, hosts =, idp =, kinds =, sign_in = function(s) … end, sign_out = function(s) … end }
--
-- The portals' list of meters is paged JSON at /api/meters.
local account, address, api, fold = require "meterkey.account", require "meterkey.address", require "meterkey.api",
  require "meterkey.fold"
local service, tariff = require "meterkey.service", require "meterkey.tariff"

local function read_meter(row)
  local at = api.value(row, "address")
  return {
    account = account.number(row.accountNumber), account_id = row.customerId, name = row.holder,
    meter = row.meterNumber, point = row.servicePoint, service = service.class(row.service),
    status = service.status(row.status), tariff = tariff.code(row.rate),
    address = at and address.of { line1 = at.line1, line2 = at.line2, city = at.city, region = at.state, postcode = at.zip },
  }
end

return function(portal)
  return {
    api = 1, id = portal.id, name = portal.name, portal = portal.home .. "/", hosts = portal.hosts, evidence = "modelled",
    regions = { "NY" }, services = { "electric", "gas" }, timezone = "America/New_York",
    credentials = {
      { name = "username", label = "Email", type = "email" },
      { name = "password", label = "Password", secret = true },
    },
    mfa = { policy = "relay", kinds = portal.kinds, patterns = portal.idp.patterns },
    errors = portal.idp.errors,
    sign_in = portal.sign_in,
    sign_out = portal.sign_out,

    meters = function(s)
      local out, path = {}, "/api/meters?page=1"
      while type(path) == "string" do
        local answer = api.answer(s, s:get(portal.home .. path))
        for _, row in ipairs(answer.meters) do out[#out + 1] = read_meter(row) end
        path = answer.next
      end
      if #out == 0 then return {}, "none" end
      return fold.meters(out)
    end,
  }
end
