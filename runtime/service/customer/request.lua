-- A data request's link: GET shows where it stands, POST takes consent and credentials, answers, a refusal.
local adapters = require "service.adapters"
local authorizations = require "service.authorizations"
local forms = require "service.forms"
local guard = require "service.customer.guard"
local limit = require "service.limit"
local made_up = require "service.made_up"
local mails = require "service.mails"
local page = require "service.page"
local place = require "service.customer.place"
local progress = require "service.progress"
local receipt = require "service.receipt"
local sessions = require "service.sessions"
local signin = require "service.customer.signin"
local standing = require "service.customer.standing"
local view = require "service.customer.view"
local web = require "service.web"
local words = require "service.customer.words"
local request = {}

-- Sign-ins of one address in ten minutes, and of one link. A private address may be a proxy that many come through.
local TRIES, PROXY_TRIES, LINK_TRIES, SECONDS = 30, 600, 15, 600

-- States from which a customer may begin anew with ?again=1.
local AGAIN = { failed = true, declined = true }
-- States of which a customer can decline nothing.
local OVER = { done = true, declined = true, expired = true, revoked = true, disabled = true }

local function back(req, at, changes) return web.redirect(view.link(req, at.path, changes)) end

-- The utility that the link, the form or the last try names, and whether the customer wants to choose.
local function wanted(req, at, p)
  if req.query.choose then return nil end
  if req.query.utility then return adapters.by_utility(req.query.utility) end
  return adapters.get(p and p.utility and p.utility.id) or adapters.by_utility(at.form and at.form.utility)
end

local function first_pages(req, at, p)
  local one = wanted(req, at, p)
  if one then return signin.show(req, at, one) end
  return signin.choose(req, at)
end

local function show(req, at)
  if not at.form then return first_pages(req, at) end
  local p = progress.of(at.form)
  if at.template.disabled and p.state == "choose" then return view.plain_page(req, at, 410, "disabled") end
  local anew = AGAIN[p.state] and req.query.again
  if anew and at.form.expires <= host.now() then return view.plain_page(req, at, 410, "expired") end
  if p.state == "choose" or anew then return first_pages(req, at, p) end
  return standing.show(req, at, p)
end

-- --- what is sent -------------------------------------------------------------------------

local function find(req, params)
  if params.portal then return place.of_portal(req, params.portal) end
  return place.of_token(req, params.token)
end

-- A handler of POST: act(req, at, t) if the form came from a page of ours, else the page again.
local function guarded(act)
  return function(req, params)
    local at, missing = find(req, params)
    if not at then return missing end
    local t = page.words(page.language(req))
    if guard.holds(req, at.scope) then return act(req, at, t) end
    local one = adapters.by_utility(req.fields.utility)
    if one and (not at.form or progress.of(at.form).state == "choose") then
      return signin.show(req, at, one, { status = 403, problem = t("customer.guard") })
    end
    local shown = show(req, at)
    if shown.status == 200 then shown.status = 403 end
    return shown
  end
end

local function choose(req, at)
  local email = req.fields.email
  return back(req, at, { utility = req.fields.utility or false, email = email ~= "" and email or nil })
end

local function valid_email(text)
  return #text <= 254 and text:find("^[^%s%c@<>,;\"]+@[^%s%c@<>,;\"]+%.[^%s%c@<>,;\".]+$") ~= nil and not text:find("..", 1, true)
end

local function set_of(list)
  local out = {}
  for _, name in ipairs(list or {}) do out[name] = true end
  return out
end

-- What is wrong with the form itself: {credential = "missing" or "bad"}, nil if it is complete.
local function incomplete(one, sealed)
  if sealed and sealed.wrong then return nil end -- not of this form at all
  local given, bad, wrong = set_of(sealed and sealed.names), set_of(sealed and sealed.bad), {}
  for _, field in ipairs(one.credentials) do
    if not given[field.name] and field.optional ~= true then wrong[field.name] = "missing" end
    if bad[field.name] then wrong[field.name] = "bad" end
  end
  return next(wrong) and wrong or nil
end

-- Whether it has a credential that this utility does not ask for: the page is older than its adapter.
local function outdated(one, sealed)
  if sealed and sealed.wrong then return true end
  local known = {}
  for _, field in ipairs(one.credentials) do known[field.name] = true end
  for _, name in ipairs(sealed and sealed.names or {}) do
    if not known[name] then return true end
  end
  return false
end

local REFUSED = { same_password = "same_password", rest = "rest", ["auth.locked"] = "locked", resting = "resting", paused = "paused" }

local function refused(req, at, t, one, why, till)
  local key = "customer.refused." .. (REFUSED[why] or "other")
  local text = t(key, { utility = one.name, minutes = till and words.minutes(till) or 1 })
  return signin.show(req, at, one, { status = 409, problem = text, same = why == "same_password" })
end

local function is_private(peer)
  for _, start in ipairs { "127%.", "10%.", "192%.168%.", "172%.1[6-9]%.", "172%.2%d%.", "172%.3[01]%.", "::1$", "f[cd]%x%x:", "fe80:" } do
    if peer:find("^" .. start) then return true end
  end
  return false
end

local function too_many(req, at)
  local peer = web.peer(req)
  if not limit.take("signin:" .. web.network(req), is_private(peer) and PROXY_TRIES or TRIES, SECONDS) then return true end
  return at.form ~= nil and not limit.take("signin:" .. at.scope, LINK_TRIES, SECONDS)
end

-- The page again where the link leads back to an address that is not the template's; or nil.
local function astray(req, at, t, one)
  if place.return_allowed(req, at) then return nil end
  return signin.show(req, at, one, { status = 400, problem = t("customer.redirect_bad", { company = at.template.company_name }) })
end

-- What keeps a consent from being taken, as a page; or nil.
local function hindrance(req, at, t, one, email)
  local lost = astray(req, at, t, one)
  if lost then return lost end
  local wrong = incomplete(one, req.sealed)
  local email_wrong = not valid_email(email) and t("customer.signin.email_bad") or nil
  if wrong or email_wrong then return signin.show(req, at, one, { status = 400, wrong = wrong, email_wrong = email_wrong }) end
  if outdated(one, req.sealed) then return signin.show(req, at, one, { status = 400, problem = t("customer.refused.other") }) end
  if too_many(req, at) then return signin.show(req, at, one, { status = 429, problem = t("customer.refused.limited") }) end
  local allowed, why, till = sessions.allowed(one, req.sealed, req.fields.same == "yes")
  if not allowed then return refused(req, at, t, one, why, till) end
  return nil
end

local function send_receipt(req, at, authorization, one, language)
  mails.send(authorization.team, "receipt", authorization.customer_email, { link = web.base(req) .. receipt.path(authorization),
    company = at.template.company_name, utility = one.name, language = language, form = at.form.uid, authorization = authorization.uid })
end

local function consent(req, at, t)
  local one = adapters.by_utility(req.fields.utility)
  if not one then return signin.choose(req, at, { problem = t("customer.refused.unknown_utility") }) end
  local email = (req.fields.email or ""):match("^%s*(.-)%s*$")
  if at.form and progress.of(at.form).state == "revoked" then return back(req, at, { utility = false, email = false }) end
  local page_of = hindrance(req, at, t, one, email)
  if page_of then return page_of end
  at = at.form and at or place.begin(at)
  if not at then return view.plain_page(req, {}, 404, "missing") end
  local language, before = page.language(req), progress.of(at.form).state
  local scenario, test = made_up.of(req.sealed)
  local authorization, why = authorizations.submit(at.form, { utility = one.id, email = email, peer = web.peer(req),
    sealed = test or req.sealed, test = test ~= nil, scenario = scenario,
    again = req.fields.same == "yes" })
  if authorization then
    forms.modify(at.form.team, at.form.uid, { language = language, customer_email = at.form.customer_email == "" and email or nil })
    if before ~= "failed" then send_receipt(req, at, authorization, one, language) end -- they have it from the first try
  elseif why ~= "in_progress" and why ~= "expired" and why ~= "disabled" then
    return refused(req, at, t, one, why)
  end
  return back(req, at, { utility = false, email = false, go = "1" })
end

local function decline(req, at, t)
  local one = wanted(req, at)
  local lost = one and astray(req, at, t, one)
  if lost or not place.return_allowed(req, at) then return lost or show(req, at) end
  at = at.form and at or place.begin(at)
  if not at then return view.plain_page(req, {}, 404, "missing") end
  if not OVER[progress.of(at.form).state] then authorizations.decline(at.form, web.peer(req)) end
  return back(req, at, { go = "1" })
end

-- What keeps the answer to the question that the page shows from being one, as the page again; or nil.
local function no_answer(req, at, p, t)
  local sealed = req.sealed or {}
  local wrong = sealed.answer_wrong or sealed.wrong and "unlike" or not sealed.answer and "empty"
  if not wrong or p.state ~= "code" or view.plain(p.challenge).id ~= req.fields.challenge then return nil end
  p.refused = t(wrong == "empty" and "customer.code.missing" or "customer.code.refused")
  local shown = standing.show(req, at, p)
  shown.status = 400
  return shown
end

local function answer(req, at, t)
  local p = progress.of(at.form)
  local again = no_answer(req, at, p, t)
  if again then return again end
  local sealed = req.sealed and not req.sealed.answer_wrong and req.sealed.answer
  -- Answered already, or another question by now: the page says what is the matter.
  if p.session and sealed and req.fields.challenge then sessions.answer(p.session, req.fields.challenge, sealed) end
  return back(req, at)
end

local function cancel(req, at)
  local p = progress.of(at.form)
  if p.session and p.session.state ~= "ended" then sessions.cancel(p.session) end
  return back(req, at)
end

-- --- progress -------------------------------------------------------------------------------

local function state(req, params)
  local at, missing = place.of_token(req, params.token)
  if not at then return missing end
  local language, p = page.language(req), progress.of(at.form)
  local text, lang = standing.text(p, page.words(language), language)
  return web.json(200, { state = standing.key(p), text = text, lang = lang })
end

local function stream(req, params)
  local at, missing = place.of_token(req, params.token)
  if not at then return missing end
  return { stream = "form:" .. at.form.uid, body = "data: {}\n\n", headers = { ["Cache-Control"] = "no-store", ["X-Accel-Buffering"] = "no" } }
end

function request.get(req, params)
  local at, missing = find(req, params)
  if not at then return missing end
  return show(req, at)
end

function request.anew(req, params)
  return web.redirect(view.link(req, params.token and "/f/" .. web.percent(params.token) or "/authorize/" .. web.percent(params.portal)))
end

-- Old links may carry the data request in ?f= (utilityapi v2, section 3.1).
function request.portal(req, params)
  local token = req.query.f
  if token and token:find("^[%w_-]+$") then return web.redirect(view.link(req, "/f/" .. token)) end
  return request.get(req, params)
end

request.choose, request.consent, request.decline = guarded(choose), guarded(consent), guarded(decline)
request.answer, request.cancel = guarded(answer), guarded(cancel)
request.state, request.stream = state, stream

return request
