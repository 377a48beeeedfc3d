-- Tucson Electric Power.
-- Portal facts: an ASP.NET site; the account list is a table with the id AcctSelTabel (so spelled), whose first column
-- links to each account. The second factor, the columns and the ids of an account's page are modelled on the
-- framework's habits.
local account, address, fold, grid = require "meterkey.account", require "meterkey.address", require "meterkey.fold",
  require "meterkey.grid"
local service, site = require "meterkey.service", require "meterkey.site"
local tariff, url = require "meterkey.tariff", require "meterkey.url"

local idp = require("meterkey.idp.aspnet") { login = "/MyAccount/Login", inside = "table#AcctSelTabel, #AccountNumber" }

-- The pages of all accounts. Who has just one gets its page at once.
local function account_pages(s)
  local page, links, out = s.home, {}, {}
  if page:has("#AccountNumber") then return { page } end
  while page do
    for _, row in ipairs(grid.rows(page:one("table#AcctSelTabel"))) do
      links[#links + 1] = url.resolve(page.url, row["account number"]:one("a[href]"):attr("href"))
    end
    local more = page:one("a[rel=next]", { optional = true })
    page = more and site.inside(s, s:get(more:attr("href")), "table#AcctSelTabel")
  end
  for i, link in ipairs(links) do out[i] = site.inside(s, s:get(link), "#AccountNumber") end
  return out
end

-- What is true of the account as a whole, for each of its meters.
local function row_of(page, fields)
  fields.account, fields.name = account.number(site.text(page, "#AccountNumber")), site.text(page, "#CustomerName")
  fields.status = service.status(site.text(page, "#AccountStatus"))
  fields.address = address.parse(fields.address or site.text(page, "#ServiceAddress"))
  return fields
end

return {
  api = 1,
  id = "tep",
  name = "Tucson Electric Power",
  utility_id = "TEP",
  regions = { "AZ" },
  services = { "electric" },
  portal = "https://account.tep.com/MyAccount/Login",
  hosts = { "account.tep.com" },
  evidence = "modelled",
  timezone = "America/Phoenix",
  credentials = {
    { name = "username", label = "E-mail", type = "email" },
    { name = "password", label = "Password", secret = true },
  },

  mfa = {
    policy = "turn_off",
    steps = { "Sign in at account.tep.com.", "Open the settings of your login.",
      "Switch two-step verification off, and save." },
    kinds = { "select", "otp", "totp" },
    patterns = idp.patterns,
  },
  errors = idp.errors,

  sign_in = function(s) s.home = idp:sign_in(s) end,

  meters = function(s)
    local out = {}
    for _, page in ipairs(account_pages(s)) do
      s.home = page
      local table = page:one("table#MeterTable", { optional = true })
      for _, row in ipairs(table and grid.rows(table) or {}) do
        out[#out + 1] = row_of(page, {
          service = service.class(grid.text(row, "Service")) or "electric", meter = grid.text(row, "Meter Number"),
          point = grid.text(row, "Service Point"), tariff = tariff.code(grid.text(row, "Rate")),
          address = grid.text(row, "Service Address"),
        })
      end
      if not table and not (page:has("#NoService") and service.status(site.text(page, "#AccountStatus")) == "active") then
        out[#out + 1] = row_of(page, { service = "electric" })
      end
    end
    return fold.meters(out), #out == 0 and "none" or nil
  end,

  sign_out = function(s) idp:sign_out(s, s.home) end,
}
