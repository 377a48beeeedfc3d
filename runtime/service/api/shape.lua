-- Rows of the store as objects of the API: every field always there, lists [], nothing null that is not said to be.
local accounts = require "service.accounts"
local adapters = require "service.adapters"
local authorizations = require "service.authorizations"
local clock = require "service.clock"
local events = require "service.events"
local forms = require "service.forms"
local kept = require "service.kept"
local meters = require "service.meters"
local sessions = require "service.sessions"
local web = require "service.web"
local shape = {}

local function null(value) if value == nil then return host.null end return value end
local function time(us) return null(clock.iso(us)) end

local function owner(call, out, uid)
  if uid and call.users[uid] == nil then call.users[uid] = accounts.user(call.team, uid) or false end
  out.user_uid, out.user_email = null(uid), uid and call.users[uid] and call.users[uid].email or ""
  return out
end

function shape.template(call, row)
  return owner(call, { uid = row.uid, created = time(row.created), updated = time(row.updated), disabled = row.disabled,
    portal = row.portal, base_url = call.base .. "/authorize/" .. row.portal,
    redirect_uris = host.array(row.redirect_uris), company_logo = null(row.company_logo),
    company_name = row.company_name, frame_ancestors = host.array(row.frame_ancestors) }, row.user)
end

function shape.form(call, row)
  return owner(call, { uid = row.uid, created = time(row.created), updated = time(row.updated),
    template_uid = row.template, authorization_uid = null(row.authorization), is_archived = row.is_archived,
    disabled = row.disabled, url = forms.url(call.base, row),
    customer_email = row.customer_email, utility = null(row.utility), scope = row.scope }, row.user)
end

-- Links by name, in both forms that clients know.
local function links(call, out, files)
  out.exports, out.exports_list = {}, host.array {}
  for i, file in ipairs(files) do
    local link = ("%s/api/v2/files/%s?%s=%s"):format(call.base, file[1], file[2], web.percent(file[3]))
    out.exports[file[1]], out.exports_list[i] = link, { name = file[1], link = link }
  end
  return out
end

-- A scope on an authorization has both of its members.
local function scope_of(row)
  local out = {}
  for name, value in pairs(row.scope or {}) do out[name] = value end
  out.expires, out.ongoing_end = row.expires, null(out.ongoing_end)
  return out
end

local function ongoing_access(call, row)
  local found
  if call.kept then found = call.kept[row.uid] else found = kept.get(row) end
  local out = found or {}
  return { is_kept = found ~= nil, ["until"] = time(out.till), refreshed = time(out.refreshed),
    next_refresh = time(out.next), is_refreshing = found ~= nil and sessions.run(row) ~= nil }
end

local function uids_of(rows, name)
  local out = {}
  for i, row in ipairs(rows) do out[i] = row[name] end
  return out
end

-- What a list of them needs, read at once.
function shape.prepare_authorizations(call, rows)
  local uids = uids_of(rows, "uid")
  call.referrals = authorizations.referrals_of(call.team, uids)
  call.kept = kept.of(call.team, uids)
  call.meters = call.with_meters and meters.of_authorizations(call.team, uids)
  call.owners = call.meters and {}
  for _, row in ipairs(call.meters and rows or {}) do call.owners[row.uid] = row.user or false end
end

function shape.prepare_meters(call, rows)
  call.owners = authorizations.users_of(call.team, uids_of(rows, "authorization"))
end

local function referrals_of(call, uid)
  if call.referrals then return call.referrals[uid] or {} end
  return authorizations.referrals(call.team, uid)
end

local function meters_of(call, uid)
  if call.meters then return call.meters[uid] or {} end
  return meters.list(call.team, { authorizations = { uid } })
end

function shape.authorization(call, row)
  local out = { uid = row.uid, created = time(row.created), customer_email = row.customer_email,
    customer_signature = null(row.signature), declined = time(row.declined), is_declined = row.declined ~= nil,
    expires = row.expires, is_expired = row.expired ~= nil, form_uid = row.portal == 1 and host.null or null(row.form),
    template_uid = null(row.template), referrals = host.array(referrals_of(call, row.uid)),
    is_archived = row.is_archived, is_test = row.is_test, notes = host.array(row.notes), nickname = null(row.nickname),
    revoked = time(row.revoked), is_revoked = row.revoked ~= nil, scope = scope_of(row), status = row.status,
    status_message = row.status_message,
    status_ts = time(row.status_ts), utility = row.utility }
  out.ongoing_access = ongoing_access(call, row)
  out.user_status = (row.revoked or row.expired or row.declined) and "inactive" or "active"
  links(call, out, (row.revoked or row.declined) and {} or { { "meters_csv", "authorizations", row.uid } })
  owner(call, out, row.user)
  if call.with_meters then
    local rows, after = meters_of(call, row.uid)
    local list = host.array {}
    for i, one in ipairs(rows) do list[i] = shape.meter(call, one) end
    out.meters = { meters = list, next = after and ("%s/api/v2/meters?after=%s&authorizations=%s"):format(call.base,
      after, row.uid) or host.null }
  end
  return out
end

-- A portal's null is no text either.
local function text(value) return type(value) == "string" and value or "" end

-- In one line, as bills have it.
function shape.address(address)
  if type(address) ~= "table" then return text(address) end
  if text(address.line) ~= "" then return address.line end
  local street = text(address.street) .. " " .. text(address.unit)
  local place = text(address.region) .. " " .. text(address.postcode)
  local parts = {}
  for _, part in ipairs { street, text(address.city), place, text(address.country) } do
    part = part:gsub("^%s+", ""):gsub("%s+$", "")
    if part ~= "" then parts[#parts + 1] = part end
  end
  return table.concat(parts, ", ")
end

function shape.numbers(data)
  if type(data.meters) == "table" then return host.array(data.meters) end
  return host.array { data.meter }
end

local function base_block(data)
  return { service_identifier = text(data.point or data.account), service_tariff = text(data.tariff),
    service_class = text(data.service), service_address = shape.address(data.address),
    meter_numbers = shape.numbers(data), billing_contact = text(data.name),
    billing_address = shape.address(data.billing_address), billing_account = text(data.account) }
end

local OFF = { frequency = "off" }

function shape.monitoring(row)
  local set = row.monitoring or OFF
  return { frequency = set.frequency, prepay = null(set.prepay), next_prepay = host.null, next_refresh = host.null,
    fixed_refresh_day = null(set.fixed_refresh_day) }
end

-- The owner is the authorization's.
local function owner_of_meter(call, row)
  call.owners = call.owners or {}
  if call.owners[row.authorization] == nil then
    local authorization = authorizations.get(call.team, row.authorization)
    call.owners[row.authorization] = authorization and authorization.user or false
  end
  return call.owners[row.authorization] or nil
end

function shape.meter(call, row)
  local out = { uid = row.uid, authorization_uid = row.authorization, created = time(row.created),
    is_archived = row.is_archived, is_activated = row.is_activated, is_expanded = true, notes = host.array(row.notes),
    status = row.status, status_message = row.status_message, status_ts = time(row.status_ts),
    ongoing_monitoring = shape.monitoring(row), utility = row.utility, bill_count = 0, bill_coverage = host.array {},
    bill_sources = host.array {}, interval_count = 0, interval_coverage = host.array {},
    interval_sources = host.array {}, blocks = { "base" }, base = base_block(row.data) }
  links(call, out, {})
  return owner(call, out, owner_of_meter(call, row))
end

function shape.event(_, row) return events.shape(row) end

function shape.webhook(_, row)
  return { uid = row.uid, url = row.url, types = host.array(host.decode(row.types)), created = time(row.created),
    disabled = row.disabled == 1 }
end

function shape.token(_, row)
  local scopes = host.array {}
  for word in row.scopes:gmatch("%S+") do scopes[#scopes + 1] = word end
  return { uid = row.uid, name = row.name, start = row.start, scopes = scopes, user_uid = null(row.user),
    created = time(row.created),
    expires = time(row.expires), revoked = time(row.revoked), used = time(row.used) }
end

local function mfa_of(one)
  return { policy = one.mfa.policy, kinds = host.array(one.mfa.kinds or {}), help_url = null(one.mfa.help_url) }
end

-- one: of service.adapters. The version's hash shortened as `meterkey utilities` has it.
function shape.utility(_, one)
  local fields = host.array {}
  for i, field in ipairs(one.credentials or {}) do
    fields[i] = { name = field.name, label = field.label or field.name, type = field.type or "text",
      secret = field.secret == true }
  end
  return { id = one.id, utility_id = one.utility_id or one.id, name = one.name, regions = host.array(one.regions or {}),
    services = host.array(one.services or {}), mfa = mfa_of(one), evidence = one.evidence or "", version = one.version,
    credentials = fields,
    paused = null(one.paused) }
end

local function trial_of(t)
  return t and { version = t.version, since = time(t.since), good = t.good, failed = t.failed, live_good = t.live_good,
    live_failed = t.live_failed } or host.null
end

-- versions, trial (or nil) and canary_share: as service.adapters and service.trial have them.
function shape.adapter(_, one, versions, trial, canary_share)
  local all = host.array {}
  for i, row in ipairs(versions) do
    all[i] = { version = row.hash, created = time(row.created), live = time(row.live),
      state = adapters.state(one, row) }
  end
  return { id = one.id, utility_id = one.utility_id or one.id, name = one.name, version = one.version,
    changed = time(one.changed), canary = null(one.canary), share = one.share, before = null(one.before),
    pinned = one.pinned, paused = null(one.paused), policy = one.mfa.policy,
    own_policy = one.shipped_policy,
    retired = time(one.retired), trial = trial_of(trial), canary_share = canary_share, versions = all }
end

return shape
