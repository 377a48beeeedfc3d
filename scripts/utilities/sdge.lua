-- San Diego Gas & Electric.
-- Portal facts: the login page has the fields usernamex and passwordx; with two-step verification, which is on by
-- default, the field t_x_t_c_o_d_e appears on it and a text has been sent. Business customers are led to a portal of
-- their own, with portfolios of accounts. Displayed account numbers lack the leading zeros and the last digit of the
-- bill's. The exchanges are modelled on ASP.NET, as are the ids of the usage page, which are read in
-- `account_pages` and `meters_of`.
local account, address, fold = require "meterkey.account", require "meterkey.address", require "meterkey.fold"
local list, service, site = require "meterkey.list", require "meterkey.service", require "meterkey.site"
local tariff, url = require "meterkey.tariff", require "meterkey.url"

local idp = require("meterkey.idp.aspnet") {
  login = "/portal/PreLogin/Validate",
  inside = [[a[href*="Usage/Index"] ]],
  user = "usernamex",
  password = "passwordx",
  ajax = { verify = "/portal/PreLogin/ValidateCode", resend = "/portal/PreLogin/ResendCode", code = "t_x_t_c_o_d_e" },
}

local one_account = [[#accountNumber, #noAccounts, select#accountList, select#multiple-selectAccount,
  select#single-Select1]]

local function usage_page(s, at, query)
  return site.inside(s, s:get(at, { query = query }), one_account)
end

-- The values of a select's options, or nil where the page has none: it shows the only one there is.
local function options(page, selector)
  if not page:has(selector) then return nil end
  local out = {}
  for _, option in ipairs(page:all(selector .. " option")) do
    if (option:attr("value") or "") ~= "" then out[#out + 1] = option:attr("value") end
  end
  return out
end

-- The usage pages of all accounts, each with the element that has its number: in a business portal, of each portfolio.
local function account_pages(s)
  local at = url.resolve(s.home.url, s.home:one([[a[href*="Usage/Index"] ]]):attr("href"))
  local first, out = usage_page(s, at), {}
  if first:has("#noAccounts") then return {}, "none" end
  for _, portfolio in ipairs(options(first, "select#single-Select1") or { false }) do
    local page = portfolio and usage_page(s, at, { portfolioId = portfolio }) or first
    local chooser = page:has "select#multiple-selectAccount" and "select#multiple-selectAccount" or "select#accountList"
    for _, id in ipairs(options(page, chooser) or {}) do
      local one = usage_page(s, at, { portfolioId = portfolio or nil, accountId = id })
      out[#out + 1] = { page = one, number = one:one(([[%s option[value="%s"] ]]):format(chooser, id)) }
    end
    if not page:has(chooser) then out[#out + 1] = { page = page, number = page:one("#accountNumber") } end
  end
  return out
end

-- One row a meter; one without a meter for an account that has no usage data. number: the element that has the
-- account's displayed number, and the bill's where the page knows it.
local function meters_of(page, number)
  local rows = page:all("#meterDiv option[value]")
  local shown, out = account.number(number:text()), {}
  for i = 1, math.max(#rows, 1) do
    local row = rows[i]
    out[i] = {
      account = account.number(number:attr("data-bill-number")) or shown, account_id = shown,
      meter = row and row:attr("value"),
      service = row and service.class(row:attr("data-service") or row:text()) or "electric",
      tariff = tariff.code(row and row:attr("data-rate") or site.text(page, "#ratePlan")),
      address = address.parse(site.text(page, "#serviceAddress")), status = service.status(site.text(page, "#accountStatus")),
    }
  end
  return out
end

return {
  api = 1,
  id = "sdge",
  name = "San Diego Gas & Electric",
  utility_id = "SDG&E",
  regions = { "CA" },
  services = { "electric", "gas" },
  portal = "https://myenergycenter.com/portal/PreLogin/Validate",
  hosts = { "myenergycenter.com", "myaccount.sdge.com", { "myaccount-ent.sdge.com", secrets = false } },
  evidence = "modelled",
  timezone = "America/Los_Angeles",

  mfa = {
    policy = "relay",
    help_url = "https://www.sdge.com/my-account/2-step-verification",
    steps = { "Sign in at myenergycenter.com.", "Open My Profile.", "Switch 2-step verification off, and save." },
    patterns = idp.patterns,
  },
  errors = idp.errors,

  sign_in = function(s) s.home = idp:sign_in(s) end,

  meters = function(s)
    local accounts, none = account_pages(s)
    local out = {}
    for _, one in ipairs(accounts) do out = list.join(out, meters_of(one.page, one.number)) end
    return fold.meters(out), none
  end,

  sign_out = function(s) idp:sign_out(s, s.home) end,
}
