-- The API described: every endpoint, its parameters, body and answer. Requests are checked against it, /openapi.json is
-- made from it.
local types = require "service.api.types"
local schemas = require "service.api.schemas"
local text, flag, uid, list, one = types.text, types.flag, types.uid, types.list, types.one
local describe = { schemas = schemas, endpoints = {} }

local function uids(about) return list(uid(), about, { maxItems = 1000 }) end
local function names(about) return list(text("An id.", 64), about, { maxItems = 100 }) end

-- Parameters by name.
local P = {
  uids = uids "Only these.", users = uids "Only of these users.", templates = uids "Only of these templates.",
  forms = uids "Only of these data requests.", authorizations = uids "Only of these authorizations.",
  meters = uids "Only of these meters.", referrals = uids "Only with these codes.",
  billing_accounts = uids "Only of these accounts.", accounts = uids "As authorizations.",
  utility = names "Only of these utilities.", service_type = names "Only these services.",
  after = uid "Only what is older than that one.", limit = types.page("At most so many; 1,000 at most.", 1000),
  disabled = flag "Only such.", is_archived = flag "Only such.", is_declined = flag "Only such.",
  is_test = flag "Only such.", is_revoked = flag "Only such.", is_expired = flag "Only such.",
  is_activated = flag "Only such.", is_monitored = flag "Only such.", is_delivered = flag "Only such.",
  include = list(one("meters", { "meters" }), "What comes along."),
  expand_meter_blocks = text("Blocks of meters; all are there always.", 200),
  start = text("From.", 40, { format = "day-or-time" }), ["end"] = text("To.", 40, { format = "day-or-time" }),
  order = one("Which first.", { "latest_first", "earliest_first" }), q = text("Part of a name or an id.", 100),
  include_unsupported = flag "Makes no difference: all that are listed are supported.",
}

local function query(...)
  local out = {}
  for name in table.concat({ ... }, " "):gmatch("%S+") do out[name] = assert(P[name], name) end
  return out
end

-- by: file and function in service/api; more: query, body and answer (names of schemas), scope (false: no token),
-- named: what it asks for by uid may not be there.
local function add(method, path, by, summary, more)
  local endpoint = { method = method, path = path, by = by, summary = summary, query = more.query or {},
    body = more.body, answer = more.answer, scope = more.scope, type = more.type or "application/json",
    tag = by:match("^%w+"), params = {},
    named = more.named or path:find("{", 1, true) ~= nil }
  if endpoint.scope == nil then endpoint.scope = method == "GET" and "read" or "write" end
  for name in path:gmatch("{(%w+)}") do endpoint.params[#endpoint.params + 1] = name end
  assert(not more.body or schemas[more.body], more.body)
  assert(not more.answer or schemas[more.answer], more.answer)
  table.insert(describe.endpoints, endpoint)
end

local V = "/api/v2"

add("GET", V .. "/templates", "templates.list", "Templates.", { query = query("uids disabled after limit"),
  answer = "TemplateListing" })
add("GET", V .. "/templates/{uid}", "templates.get", "One template.", { answer = "Template" })

add("GET", V .. "/forms", "forms.list", "Data requests.",
  { query = query("uids users templates is_archived after limit"), answer = "FormListing" })
add("POST", V .. "/forms", "forms.create", "Makes a data request.", { body = "FormCreate", answer = "Form" })
add("GET", V .. "/forms/{uid}", "forms.get", "One data request.", { answer = "Form" })
add("PATCH", V .. "/forms/{uid}", "forms.modify", "Changes a data request.", { body = "FormModify", answer = "Form" })
add("DELETE", V .. "/forms/{uid}", "forms.remove", "Deletes a data request; its authorizations stay.",
  { answer = "Success" })
add("POST", V .. "/forms/{uid}/test-submit", "test.submit", "Submits it as a made-up customer.",
  { body = "TestSubmit", answer = "TestSubmitted" })
add("POST", V .. "/forms/{uid}/resend", "forms.resend", "Mails the customer the link again.",
  { body = "FormResend", answer = "Resent" })

add("GET", V .. "/authorizations", "authorizations.list", "Authorizations.", {
  query = query("uids forms templates users referrals is_archived is_declined is_test is_revoked is_expired utility",
    "include expand_meter_blocks after limit"), answer = "AuthorizationListing" })
add("GET", V .. "/authorizations/{uid}", "authorizations.get", "One authorization.",
  { query = query("include expand_meter_blocks"), answer = "Authorization" })
add("PATCH", V .. "/authorizations/{uid}", "authorizations.modify", "Changes an authorization.",
  { body = "AuthorizationModify", answer = "Authorization" })
add("DELETE", V .. "/authorizations/{uid}", "authorizations.remove", "Deletes a test authorization.",
  { answer = "Success" })
add("POST", V .. "/authorizations/{uid}/revoke", "authorizations.revoke", "Forgets credentials, deletes meters.",
  { answer = "Authorization" })
add("POST", V .. "/authorizations/{uid}/refresh", "authorizations.refresh",
  "Reads the meters again, without the customer; for ongoing access.", { answer = "Authorization" })
add("DELETE", V .. "/authorizations/{uid}/sign-in", "authorizations.forget",
  "Deletes the sign-in that is kept for ongoing access; the meters stay.", { answer = "Authorization" })
add("GET", V .. "/authorizations/{uid}/challenge", "challenge.get", "What the portal asks the customer now.",
  { answer = "ChallengeState" })
add("POST", V .. "/authorizations/{uid}/challenge", "challenge.answer", "Takes the customer's answer.",
  { body = "ChallengeAnswer", answer = "Success" })

add("GET", V .. "/meters", "meters.list", "Meters.",
  { query = query("uids authorizations users utility is_activated is_archived is_monitored",
  "service_type expand_meter_blocks after limit"), answer = "MeterListing" })
add("GET", V .. "/meters/{uid}", "meters.get", "One meter.", { query = query("expand_meter_blocks"), answer = "Meter" })
add("PATCH", V .. "/meters/{uid}", "meters.modify", "Changes a meter.", { body = "MeterModify", answer = "Meter" })
add("POST", V .. "/meters/historical-collection", "meters.collect", "Asks for bills; there are none yet.",
  { body = "HistoricalCollection", answer = "Collection", named = true })
add("POST", V .. "/meters/ongoing-monitoring", "meters.monitor", "Sets how often meters are looked at.",
  { body = "OngoingMonitoring", answer = "Monitoring", named = true })

local readings = query("authorizations meters start end limit order after")
add("GET", V .. "/bills", "bills.bills", "Bills: none yet.", { query = readings, answer = "BillListing" })
add("GET", V .. "/intervals", "bills.intervals", "Intervals: none yet.",
  { query = readings, answer = "IntervalListing", named = true })

add("GET", V .. "/accounting/billing-accounts", "accounting.accounts", "Billing accounts: none yet.",
  { query = query("uids authorizations meters after limit"), answer = "BillingAccountListing" })
add("GET", V .. "/accounting/billing-accounts/{uid}", "accounting.none", "One billing account.",
  { answer = "BillingAccount" })
add("GET", V .. "/accounting/billing-summaries", "accounting.summaries", "Billing summaries: none yet.",
  { query = query("uids authorizations billing_accounts meters after limit"), answer = "BillingSummaryListing" })
add("GET", V .. "/accounting/billing-summaries/{uid}", "accounting.none", "One billing summary.",
  { answer = "BillingSummary" })

add("GET", V .. "/events", "events.list", "Events.", { query = query("is_delivered after limit"),
  answer = "EventListing" })
add("GET", V .. "/events/stream", "events.stream", "Server-sent events as things happen.",
  { type = "text/event-stream" })
add("GET", V .. "/events/{uid}", "events.get", "One event.", { answer = "Event" })
add("PATCH", V .. "/events/{uid}", "events.modify", "Stops further tries.", { body = "EventModify", answer = "Event" })

for _, name in ipairs { "meters_csv", "meters_bills_csv", "intervals_csv", "meters_lineitems_csv" } do
  add("GET", V .. "/files/" .. name, "files." .. name, "A table.",
    { query = query("authorizations accounts meters"), type = "text/csv" })
end
add("GET", V .. "/files/known_tariffs_json", "files.known_tariffs_json", "Tariffs that meters have.",
  { query = query("authorizations accounts meters"), answer = "KnownTariffs" })
add("GET", V .. "/files/meters_bills_zip", "files.zip", "Bills as files: none yet.",
  { query = query("authorizations accounts meters"), type = "application/zip" })
add("GET", V .. "/files/latest_pdf/{uid}", "files.none", "The latest bill: none yet.", { type = "application/pdf" })

add("GET", V .. "/utilities", "utilities.list", "Utilities that an adapter is here for.",
  { answer = "UtilityListing", scope = false })
add("GET", "/api/experimental/utility-lookup", "utilities.lookup", "Finds utilities by name.",
  { query = query("q include_unsupported"), answer = "UtilityLookup", scope = false })

add("GET", V .. "/webhooks", "webhooks.list", "Endpoints that are told of events.",
  { query = query("after limit"), answer = "WebhookListing" })
add("POST", V .. "/webhooks", "webhooks.create", "Adds an endpoint.", { body = "WebhookCreate", answer = "Webhook" })
add("GET", V .. "/webhooks/{uid}", "webhooks.get", "One endpoint.", { answer = "Webhook" })
add("PATCH", V .. "/webhooks/{uid}", "webhooks.modify", "Changes an endpoint.",
  { body = "WebhookModify", answer = "Webhook" })
add("DELETE", V .. "/webhooks/{uid}", "webhooks.remove", "Takes an endpoint away.", { answer = "Success" })
add("POST", V .. "/webhooks/{uid}/ping", "webhooks.ping", "Sends a ping.", { answer = "Pinged" })
add("POST", V .. "/webhooks/{uid}/replay", "webhooks.replay", "Sends events again.",
  { body = "WebhookReplay", answer = "Replayed" })

add("GET", V .. "/tokens", "tokens.list", "Tokens of the API.", { query = query("after limit"),
  answer = "TokenListing" })
add("POST", V .. "/tokens", "tokens.create", "Makes a token.", { body = "TokenCreate", answer = "Token" })
add("DELETE", V .. "/tokens/{uid}", "tokens.revoke", "Revokes a token, at once.", { answer = "Success" })

add("GET", V .. "/adapters", "adapters.list", "Adapters and their versions.", { answer = "AdapterListing" })
add("POST", V .. "/adapters/reload", "adapters.reload", "Looks at the adapters' folder now.",
  { answer = "Success", scope = "operator" })
add("POST", V .. "/adapters/{uid}/rollback", "adapters.rollback", "Makes a kept version live.",
  { body = "AdapterRollback", answer = "Adapter", scope = "operator" })
add("GET", V .. "/adapters/{uid}", "adapters.get", "One adapter, its versions and its canary's trial.", { answer = "Adapter" })
add("POST", V .. "/adapters/{uid}/release", "adapters.release", "A held version may go live again, at once where the folder has it.",
  { body = "AdapterRelease", answer = "Adapter", scope = "operator" })
add("POST", V .. "/adapters/{uid}/share", "adapters.share", "Sets the share of new sessions that a new version gets first.",
  { body = "AdapterShare", answer = "Adapter", scope = "operator" })
add("POST", V .. "/adapters/{uid}/policy", "adapters.policy", "Sets how codes are handled in new sessions, over the adapter's own.",
  { body = "AdapterPolicy", answer = "Adapter", scope = "operator" })
add("POST", V .. "/adapters/{uid}/pause", "adapters.pause", "No new session begins; customers read why.",
  { body = "AdapterPause", answer = "Adapter", scope = "operator" })
add("POST", V .. "/adapters/{uid}/resume", "adapters.resume", "New sessions begin again.", { answer = "Adapter", scope = "operator" })
add("POST", V .. "/adapters/{uid}/retire", "adapters.retire",
  "Takes a utility whose file is gone out of all lists; its kept sign-ins are deleted, meters stay.",
  { answer = "Adapter", scope = "operator" })

add("GET", "/openapi.json", "openapi.get", "This description.", { scope = false, answer = "OpenAPI" })

return describe
