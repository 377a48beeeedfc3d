-- @NAME@.
-- Portal facts: none yet. Write here what the pages showed, and when: `meterkey run @ID@ --report page.html` shows them.
local account, address, fold = require "meterkey.account", require "meterkey.address", require "meterkey.fold"
local service, site, tariff = require "meterkey.service", require "meterkey.site", require "meterkey.tariff"

local home = "https://www.@HOST@.test"           -- the portal's own address
@IDP@

return {
  api = 1,
  id = "@ID@",
  name = "@NAME@",
  regions = { "NY" },
  services = { "electric", "gas" },
  portal = home .. "/",
  hosts = { @HOSTS@ },  -- nothing else is reached: add each host that the sign-in passes
  evidence = "modelled",
  timezone = "America/New_York",
  credentials = {
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = { policy = "relay", patterns = idp.patterns },
  errors = idp.errors,                           -- put the portal's own before them: list.join({ … }, idp.errors)

  sign_in = function(s)
@SIGN_IN@
  end,

  meters = function(s)                           -- what the portal's own pages or interface say
    local out = {}
    for _, row in ipairs(s:get(home .. "/api/accounts", { accept = { 200 } }):json("$.accounts")) do
      out[#out + 1] = {
        account = account.number(row.number), meter = account.number(row.meter), service = service.class(row.kind),
        status = service.status(row.status), tariff = tariff.code(row.rate),
        address = address.of { line1 = row.street, city = row.city, region = row.state, postcode = row.zip },
      }
    end
    if #out == 0 then return {}, "none" end
    return fold.meters(out)
  end,

  sign_out = function(s)
@SIGN_OUT@
  end,
}
