-- Sunrise Electric, the reference portal of ASP.NET: a WebForms sign-in by partial postback, the second factor of
-- Core's Identity, services in a grid that turns its pages by partial postbacks.
local account, address, fold, grid = require "meterkey.account", require "meterkey.address", require "meterkey.fold",
  require "meterkey.grid"
local service, tariff, webforms = require "meterkey.service", require "meterkey.tariff", require "meterkey.webforms"

local idp = require("meterkey.idp.aspnet") {
  login = "/Account/Login.aspx",
  inside = "form#logoutForm",
  webforms = { panel = "ctl00$Main$upLogin", button = "ctl00$Main$btnLogin" },
}

local function meter(row)
  return {
    account = account.number(grid.text(row, "Account Number")), service = service.class(grid.text(row, "Service")),
    meter = grid.text(row, "Meter Number"), point = grid.text(row, "Service Point"),
    tariff = tariff.code(grid.text(row, "Rate")),
    status = service.status(grid.text(row, "Status")), address = address.parse(grid.text(row, "Service Address")),
  }
end

-- The number of the next page of the grid, as its pager would send it.
local function next_page(doc, number)
  return doc:has(([[a[href*="'Page$%d'"] ]]):format(number + 1)) and "Page$" .. number + 1
end

-- The panel that shows the grid's next page.
local function turn(s, view, argument)
  local elsewhere = view:partial(s, { panel = "ctl00$Main$upServices", target = "ctl00$Main$gvServices",
    argument = argument })
  if elsewhere then s:fail("auth.session_lost", "the grid leads to " .. elsewhere.url) end
  return view.panels.ctl00_Main_upServices
end

return {
  api = 1,
  id = "family_aspnet",
  name = "Sunrise Electric",
  services = { "electric", "gas" },
  portal = "https://www.sunrise-electric.test/",
  hosts = { "www.sunrise-electric.test" },
  evidence = "modelled",
  mfa = { policy = "relay", patterns = idp.patterns },
  errors = idp.errors,

  sign_in = function(s) s.home = idp:sign_in(s) end,

  meters = function(s)
    if s.home:has("#ctl00_Main_lblNone") then return {}, "none" end
    local view, doc, out, number = webforms.open(s.home), s.home, {}, 1
    while doc do
      for _, row in ipairs(grid.rows(doc:one("#ctl00_Main_gvServices"))) do
        out[#out + 1] = meter(row)
      end
      local argument = next_page(doc, number)
      doc, number = argument and turn(s, view, argument), number + 1
    end
    return fold.meters(out)
  end,

  sign_out = function(s) idp:sign_out(s, s.home) end,
}
