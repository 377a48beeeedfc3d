-- San Diego Gas & Electric.
-- Portal facts: the login page has the fields usernamex and passwordx; with two-step verification, which is on by
-- default, the field t_x_t_c_o_d_e appears on it and a text has been sent. Business customers are led to a portal of
-- their own, with portfolios of accounts. Displayed account numbers lack the leading zeros and the last digit of the
-- bill's. The exchanges are modelled on ASP.NET, as are the ids of the usage page, which are read in `meters_of` and
-- `account_of`.
local account, address, fold = require "meterkey.account", require "meterkey.address", require "meterkey.fold"
local service, site = require "meterkey.service", require "meterkey.site"
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

local function text(page, selector)
  local element = page:one(selector, { optional = true })
  return element and element:text() ~= "" and element:text() or nil
end

local function usage_page(s, at, query)
  return site.page(s, s:get(at, { query = query }), one_account)
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

-- The usage pages of all accounts: in a business portal, of each portfolio.
local function account_pages(s)
  local at = url.resolve(s.home.url, s.home:one([[a[href*="Usage/Index"] ]]):attr("href"))
  local first, out = usage_page(s, at), {}
  local portfolios = options(first, "select#single-Select1")
  for _, portfolio in ipairs(portfolios or { false }) do
    local page = portfolio and usage_page(s, at, { portfolioId = portfolio }) or first
    local ids = options(page, "select#multiple-selectAccount") or options(page, "select#accountList")
    if not ids then out[#out + 1] = page end
    for _, id in ipairs(ids or {}) do
      out[#out + 1] = usage_page(s, at, { portfolioId = portfolio or nil, accountId = id })
    end
  end
  return out
end

-- The bill's number where the page has it, and the displayed one.
local function account_of(page)
  local shown = page:one("#accountNumber")
  local number = account.number(shown:text())
  return account.number(shown:attr("data-bill-number")) or number, number
end

-- One row a meter; one without a meter for an account that has no usage data.
local function meters_of(page)
  local rows = page:all("#meterDiv option[value]")
  local out = {}
  for i = 1, math.max(#rows, 1) do
    local row = rows[i]
    local number, id = account_of(page)
    out[i] = {
      account = number, account_id = id, meter = row and row:attr("value"),
      service = row and service.class(row:attr("data-service") or row:text()) or "electric",
      tariff = tariff.code(row and row:attr("data-rate") or text(page, "#ratePlan")),
      address = address.parse(text(page, "#serviceAddress")), status = service.status(text(page, "#accountStatus")),
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
  hosts = { "myenergycenter.com", "myaccount.sdge.com", "myaccount-ent.sdge.com" },
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
    local out, none = {}, false
    for _, page in ipairs(account_pages(s)) do
      none = page:has("#noAccounts")
      for _, meter in ipairs(none and {} or meters_of(page)) do out[#out + 1] = meter end
    end
    return fold.meters(out), none and #out == 0 and "none" or nil
  end,

  sign_out = function(s) idp:sign_out(s, s.home) end,
}
