-- The receipt: what was authorized and for whom, and revoking it.
local adapters = require "service.adapters"
local audit = require "service.audit"
local authorizations = require "service.authorizations"
local clock = require "service.clock"
local guard = require "service.customer.guard"
local kept = require "service.kept"
local mails = require "service.mails"
local page = require "service.page"
local receipt = require "service.receipt"
local templates = require "service.templates"
local view = require "service.customer.view"
local web = require "service.web"
local words = require "service.customer.words"
local receipts = {}

local function find(req, params)
  local authorization = receipt.authorization(params.token)
  local template = authorization and templates.get(authorization.team, authorization.template)
  if not template then return nil, view.plain_page(req, {}, 404, "missing") end
  return { path = "/receipt/" .. params.token, scope = "receipt:" .. params.token, template = template }, authorization
end

local function standing(a, t)
  for _, name in ipairs { "revoked", "declined", "expired" } do
    if a[name] then return t("customer.receipt." .. name, { date = words.date(t, a[name]) }) end
  end
  return t(a.status == "updated" and "customer.receipt.active" or "customer.receipt.pending")
end

local function said_of(at, a)
  local one = adapters.known(a.utility)
  return { utility = one and one.name or a.utility, company = at.template.company_name }
end

-- How long, and what is kept of the sign-in: the scope as it was settled, until it is known what became of it.
local function terms(a, t)
  local row = kept.get(a)
  local long, password = words.scope(t, { expires = a.expires, ongoing_end = a.scope and a.scope.ongoing_end })
  if row then return long, words.kept(t, row.till), row end
  return long, a.status == "pending" and password or t("customer.receipt.password_gone")
end

local function show(req, at, a)
  local t = page.words(page.language(req))
  local long, password, row = terms(a, t)
  local one, said = adapters.by_utility(a.utility), said_of(at, a)
  local off = row and one and one.mfa.policy == "turn_off"
  local given = clock.parse(a.signature and a.signature.ts) or a.created
  return view.show(req, at, 200, "customer/receipt", { title = t("customer.receipt.title"), said = said, long = long, password = password,
    given = words.date(t, given), standing = standing(a, t), revocable = not a.revoked and not a.declined, kept = row ~= nil,
    off = off and words.on_again(t, said, row.till) or nil,
    refreshed = row and words.date(t, row.refreshed), confirm = at.path .. "?revoke=1" })
end

local function ask(req, at, a, problem)
  local t, said = page.words(page.language(req)), said_of(at, a)
  return view.show(req, at, problem and 403 or 200, "customer/revoke", { title = t("customer.receipt.confirm.title", said), said = said,
    problem = problem })
end

function receipts.get(req, params)
  local at, a = find(req, params)
  if not at then return a end
  if req.query.revoke and not a.revoked and not a.declined then return ask(req, at, a) end
  return show(req, at, a)
end

local function revoke(req, at, a)
  authorizations.revoke(a.team, a.uid, "customer")
  audit.add(a.team, "customer", "authorization.revoked", "authorization:" .. a.uid, web.peer(req))
  if a.customer_email == "" then return end
  local said = said_of(at, a)
  mails.send(a.team, "revoked", a.customer_email, { company = said.company, utility = said.utility, language = page.language(req),
    form = a.form, authorization = a.uid })
end

local function stop_keeping(req, a)
  if not authorizations.stop_keeping(a.team, a.uid, "customer") then return end
  audit.add(a.team, "customer", "authorization.sign_in_deleted", "authorization:" .. a.uid, web.peer(req))
end

function receipts.post(req, params)
  local at, a = find(req, params)
  if not at then return a end
  if not guard.holds(req, at.scope) then return ask(req, at, a, page.words(page.language(req))("customer.guard")) end
  if req.fields.forget == "yes" then stop_keeping(req, a) end
  if req.fields.revoke == "yes" and not a.revoked then revoke(req, at, a) end
  return web.redirect(at.path)
end

return receipts
