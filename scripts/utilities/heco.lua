-- Hawaiian Electric (Oahu, Hawaii Island, Maui County).
-- Portal facts: SAP Biller Direct at /bdisu/*.sap; an offer to set up a second factor may pop up after the logon;
-- account numbers have twelve digits. Business partners have contract accounts, and these contracts with installations;
-- the tables that list them are modelled.
local account, address, fold, grid = require "meterkey.account", require "meterkey.address", require "meterkey.fold",
  require "meterkey.grid"
local service, site = require "meterkey.service", require "meterkey.site"
local tariff, url = require "meterkey.tariff", require "meterkey.url"

local accounts, installations = "table#contractAccounts", "table#installations"
local idp = require("meterkey.idp.sap") {
  logon = "/bdisu/logon.sap", inside = accounts .. ", #noContractAccounts", trust = "HECO_TRUST",
}

-- Rows of all pages of the table of contract accounts, each with the address of its page.
local function contract_accounts(s)
  local page, out = s.home, {}
  while page do
    for _, row in ipairs(grid.rows(page:one(accounts))) do
      out[#out + 1] = { row = row, href = url.resolve(page.url, row["contract account"]:one("a[href]"):attr("href")) }
    end
    local more = page:one("a.next", { optional = true })
    page = more and site.inside(s, s:get(more:attr("href")), accounts)
  end
  return out
end

-- A meter of the contract account `of`; row: its installation, empty for an account that has none.
local function meter(of, row)
  return {
    account = account.number(grid.text(of, "Contract Account")),
    account_id = account.number(grid.text(of, "Business Partner")),
    name = grid.text(of, "Name"),
    service = "electric",
    point = grid.text(row, "Installation"),
    meter = grid.text(row, "Meter"),
    tariff = tariff.code(grid.text(row, "Rate")),
    status = service.status(grid.text(row, "Status") or grid.text(of, "Status")),
    address = address.parse(grid.text(row, "Service Address") or grid.text(of, "Service Address")),
  }
end

return {
  api = 1,
  id = "heco",
  name = "Hawaiian Electric",
  utility_id = "HECO",
  regions = { "HI" },
  services = { "electric" },
  portal = "https://eservice.hawaiianelectric.com/bdisu/logon.sap",
  hosts = { "eservice.hawaiianelectric.com" },
  evidence = "modelled",
  timezone = "Pacific/Honolulu",

  mfa = {
    policy = "turn_off",
    help_url = "https://www.hawaiianelectric.com/customer-service/frequently-asked-questions",
    steps = { "Sign in at eservice.hawaiianelectric.com.", "Open the security settings of your profile.",
      "Switch multi-factor authentication off, and save." },
    kinds = { "select", "otp" },
    patterns = idp.patterns,
  },
  errors = idp.errors,

  sign_in = function(s) s.home = idp:sign_in(s) end,

  meters = function(s)
    if s.home:has("#noContractAccounts") then return {}, "none" end
    local out = {}
    for _, of in ipairs(contract_accounts(s)) do
      local rows = grid.rows(site.inside(s, s:get(of.href), installations):one(installations))
      if #rows == 0 then rows = { {} } end
      for _, row in ipairs(rows) do out[#out + 1] = meter(of.row, row) end
    end
    return fold.meters(out)
  end,

  sign_out = function(s) idp:sign_out(s, s.home) end,
}
