-- Dates, spans, labels and places in the words of a language. t: of page.words.
local clock = require "service.clock"
local kept = require "service.kept"
local own_words = require "service.own_words"
local words = {}

-- us -> "March 2, 2026" (UTC).
function words.date(t, us)
  local at = os.date("!*t", us // 1000000)
  return t("customer.date", { month = t("customer.month." .. at.month), day = at.day, year = at.year })
end

-- "3y" -> "3 years", or nil.
function words.span(t, text)
  local n, unit = tostring(text):match("^(%d+)([hdwmy])$")
  if not n then return nil end
  return t("customer.span." .. unit, { n = tonumber(n) })
end

-- "3y", "until_revoked" or a day -> how long access lasts, for the team.
function words.lasts(t, expires)
  local at = clock.parse(expires)
  return at and t("customer.lasts.until", { date = words.date(t, at) }) or words.span(t, expires) or t("customer.lasts.until_revoked")
end

-- Until when a sign-in is kept, and why.
function words.kept(t, till)
  return t("customer.consent.password_kept", { date = words.date(t, till), span = words.span(t, math.max(host.config.refresh_days, 1) .. "d") })
end

-- Whether MFA that had to be off can be on again. till: until when the list is read again by itself (us), or nil.
function words.on_again(t, said, till)
  if not till then return t("customer.off.on_again") end
  return t("customer.off.ongoing", { utility = said.utility, company = said.company, date = words.date(t, till) })
end

local function given(value) return value ~= nil and value ~= host.null end

-- How long a scope lasts, and what becomes of the password: two sentences; and until when it is kept (us), or nil.
function words.scope(t, scope)
  scope = scope or {}
  local expires = given(scope.expires) and scope.expires or "3y"
  local at, span = clock.parse(expires), words.span(t, expires)
  local till = kept.until_of(scope, at or clock.later(host.now(), expires))
  local long = t("customer.consent.until_revoked")
  if at then
    long = t("customer.consent.until", { date = words.date(t, at) })
  elseif span then
    long = t("customer.consent.for", { span = span })
  end
  return long, till and words.kept(t, till) or t("customer.consent.password_once"), till
end

-- Whole minutes from now until us, at least one.
function words.minutes(till) return math.max(1, math.ceil((till - host.now()) / 60000000)) end

-- Labels of adapters that we know in every language, by their letters alone.
local LABELS = { username = "username", email = "email", emailaddress = "email", password = "password", usernameoremail = "username_or_email",
                 emailorusername = "email_or_username", useridoremail = "userid_or_email" }

-- -> the label and its language; one that is of an adapter of the operator's own is in English.
function words.label(t, language, label)
  local known = LABELS[label:lower():gsub("[^%l]", "")]
  if known then return t("customer.field." .. known), language end
  return own_words.say(language, label)
end

local REGIONS = {}
for code, name in ([[AL=Alabama,AK=Alaska,AZ=Arizona,AR=Arkansas,CA=California,CO=Colorado,CT=Connecticut,DE=Delaware,DC=District of Columbia,
FL=Florida,GA=Georgia,HI=Hawaii,ID=Idaho,IL=Illinois,IN=Indiana,IA=Iowa,KS=Kansas,KY=Kentucky,LA=Louisiana,ME=Maine,MD=Maryland,
MA=Massachusetts,MI=Michigan,MN=Minnesota,MS=Mississippi,MO=Missouri,MT=Montana,NE=Nebraska,NV=Nevada,NH=New Hampshire,NJ=New Jersey,
NM=New Mexico,NY=New York,NC=North Carolina,ND=North Dakota,OH=Ohio,OK=Oklahoma,OR=Oregon,PA=Pennsylvania,RI=Rhode Island,
SC=South Carolina,SD=South Dakota,TN=Tennessee,TX=Texas,UT=Utah,VT=Vermont,VA=Virginia,WA=Washington,WV=West Virginia,WI=Wisconsin,
WY=Wyoming,ON=Ontario,BC=British Columbia]]):gmatch("(%u%u)=([^,\n]+)") do REGIONS[code] = name end

-- { "NJ", "NY" } -> "New Jersey, New York".
function words.regions(list)
  local out = {}
  for i, code in ipairs(list or {}) do out[i] = REGIONS[code] or code end
  return table.concat(out, ", ")
end

function words.services(t, list)
  local out = {}
  for i, name in ipairs(list or {}) do out[i] = t("customer.service." .. name) end
  return table.concat(out, ", ")
end

return words
