-- Where a data request stands, as a page: one for each state of service.progress.
local authorizations = require "service.authorizations"
local challenge = require "service.customer.challenge"
local failure = require "service.customer.failure"
local kept = require "service.kept"
local meters = require "service.meters"
local own_words = require "service.own_words"
local page = require "service.page"
local place = require "service.customer.place"
local receipt = require "service.receipt"
local view = require "service.customer.view"
local web = require "service.web"
local words = require "service.customer.words"
local standing = {}

-- Changes whenever the page has to: what /f/TOKEN/state answers and the page carries.
function standing.key(p)
  local c = view.plain(p.challenge) or {}
  return table.concat({ p.state, p.session and p.session.uid or "", c.id or "", c.tries_left or "", c.resend and c.resend.left or "",
    p.session and p.session.answer_note or "" }, ":")
end

-- What is being done, in words, and their language.
function standing.text(p, t, language)
  if p.queued then return t("customer.working.queued"), language end
  local text = p.session and p.session.progress
  if text then return own_words.say(language, text) end
  return t("customer.working.begun"), language
end

local function base(p, at, t, values)
  -- An adapter may be gone since.
  local utility = view.utility(p.utility) or { name = p.authorization.utility, mfa = {}, links = {}, help = "/help/mfa" }
  values.utility, values.said = utility, { utility = utility.name, company = at.template.company_name }
  values.state = standing.key(p)
  values.live = true
  return values, utility, values.said, t
end

local show = {}

function show.working(request, at, p, t)
  local email = p.authorization and p.authorization.customer_email
  local values, utility, said = base(p, at, t, { refresh = 4 })
  values.title = t(p.state == "sent" and "customer.sent.title" or "customer.working.title", said)
  values.lead = t(p.state == "sent" and "customer.sent.lead" or "customer.working.lead")
  values.progress, values.progress_lang = standing.text(p, t, page.language(request))
  values.mfa = p.state == "working" and utility.mfa.policy == "relay"
  values.email = host.config.url ~= "" and email and email ~= "" and email or nil
  values.cancel = view.link(request, at.path .. "/cancel")
  return view.show(request, at, 200, "customer/working", values)
end
show.sent = show.working

local function left_text(c, t)
  if not c.left or c.left < 60 then return t("customer.code.left_short") end
  return t("customer.code.left", { n = c.minutes })
end

-- The engine's word on an answer that cannot be one, in ours.
local function refused(note, t)
  if not note then return nil end
  local seconds = note:match("sent again in (%d+) second")
  if seconds then return t("customer.code.resend_wait", { seconds = math.tointeger(tonumber(seconds)) }) end
  return note:find("sent again", 1, true) and t("customer.code.resend_none") or t("customer.code.refused")
end

function show.code(request, at, p, t)
  local values, _, said = base(p, at, t, {})
  local c = challenge.view(view.plain(p.challenge), t, page.language(request), said.utility, host.now() // 1000000, p.session.rejected)
  values.c, values.title = c, c.title
  values.refused = p.refused or refused(p.session.answer_note, t)
  values.note = (c.wrong or values.refused) and t("customer.title.wrong") or c.resent and t("customer.title.resent") or nil
  values.refresh = c.waits and 5 or nil
  values.left, values.left_counted = left_text(c, t), t("customer.code.left")
  values.resend_counted = t("customer.code.resend_wait")
  values.answer, values.cancel = view.link(request, at.path .. "/answer"), view.link(request, at.path .. "/cancel")
  return view.show(request, at, 200, "customer/code", values)
end

local function referral_of(authorization)
  local list = authorizations.referrals(authorization.team, authorization.uid)
  return list[#list]
end

local function name_of(p) return p.utility and p.utility.name or p.authorization.utility end

function show.done(request, at, p, t)
  local a = p.authorization
  if a.expired then return view.plain_page(request, at, 200, "ended", { utility = name_of(p) }) end
  local back = place.return_to(request, at, { referral = referral_of(a) })
  if back and place.returns(request) then return web.redirect(back) end
  local values, utility, said = base(p, at, t, {})
  local list = meters.list(a.team, { authorizations = { a.uid } })
  values.title, values.back, values.receipt = t("customer.done.title"), back, receipt.path(a)
  if #list == 0 then
    values.found = t("customer.done.meters_none", said)
  else
    values.found = t("customer.done.meters", { n = #list })
  end
  values.on_again = utility.mfa.policy == "turn_off"
  local row = kept.get(a)
  values.ongoing = row and words.on_again(t, said, row.till)
  values.mailed = a.customer_email ~= "" and a.customer_email or nil
  return view.show(request, at, 200, "customer/done", values)
end

function show.failed(request, at, p, t)
  local values, utility, said = base(p, at, t, {})
  local error = view.plain(p.error) or {}
  local f = failure.view(error, utility, t, page.language(request), said, at.template.settings and at.template.settings.mfa_impossible)
  local back = place.return_to(request, at, { referral = referral_of(p.authorization), error = failure.return_code(f.code),
    error_description = f.title })
  values.f, values.title, values.back = f, f.title, back
  values.on_again = words.on_again(t, said, kept.until_of(p.authorization.scope, p.authorization.expires_at))
  values.again = view.link(request, at.path, { again = "1", utility = utility.utility_id or false })
  values.choose = view.link(request, at.path, { again = "1", choose = "1", utility = false })
  return view.show(request, at, 200, "customer/failed", values)
end

function show.declined(request, at, _, t)
  local back = place.return_to(request, at, { error = "access_denied", error_description = "The customer declined." })
  if back and place.returns(request) then return web.redirect(back) end
  local again = view.link(request, at.path, { again = "1", go = false })
  return view.plain_page(request, at, 200, "declined", { act = t("customer.declined.again"), act_href = again })
end

function show.expired(request, at) return view.plain_page(request, at, 410, "expired") end
function show.disabled(request, at) return view.plain_page(request, at, 410, "disabled") end

function show.revoked(request, at, p)
  return view.plain_page(request, at, 200, "revoked", { utility = name_of(p) })
end

-- p: of progress.of; not for "choose".
function standing.show(request, at, p)
  return show[p.state](request, at, p, page.words(page.language(request)))
end

return standing
