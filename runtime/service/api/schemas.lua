-- Schemas of what the API answers: every field of every object. service.api.shape makes them from rows.
local types = require "service.api.types"
local words, flag, count, uid, time, url = types.words, types.flag, types.count, types.uid, types.time, types.url
local one, list, object, ref, map, null = types.one, types.list, types.object, types.ref, types.map, types.null
local schemas = {}

schemas.Error = object("What went wrong.", {
  error = words "A word for programs.", error_description = words "For people.", url = null(words "More about it."),
  param = words "The parameter it is about.", status_code = count "The same as the status, if the path is unknown.",
}, { "error", "error_description", "url" })
schemas.Success = object("It is done.", { success = { const = true } }, true)

local file = object("A file.", { name = words "Its name.", link = words "Its link." }, true)
local links = { exports = map("Files by name.", words "Link."), exports_list = list(file, "Files.") }

local function with(fields, ...)
  for _, more in ipairs { ... } do
    for name, value in pairs(more) do fields[name] = value end
  end
  return fields
end

local owner = { user_email = words "Whose it is.", user_uid = null(words "Whose it is.") }
local status = {
  status = one("How it is.", { "pending", "updated", "errored" }), status_message = words "For people; may change.",
  status_ts = time "Since when.",
}
local scope = object("What was asked for.", {
  expires = words "Until when.", ongoing_end = null(time "Monitoring ends then."),
}, nil, { additionalProperties = true })
local note = object("A note.", {
  type = words "A word for programs; may be new.", msg = words "For people.", ts = time "Since when.",
  eta = time "When it is tried again.", code = words "Error, as domain.code.",
}, { "type", "msg", "ts" })

schemas.Form = object("A data request.", with({
  uid = uid(), created = time "Made.", updated = time "Changed.", template_uid = uid(), authorization_uid = null(uid()),
  is_archived = flag "Put away.", disabled = flag "Its link answers no more.", url = url "For the customer.",
  customer_email = words "Empty if there is none.", utility = null(words "Null if the customer picks."), scope = scope,
}, owner), true)

schemas.Template = object("What data requests look like.", with({
  uid = uid(), created = time "Made.", updated = time "Changed.", disabled = flag "Not used.",
  portal = words "Last part of base_url.", base_url = url "A link for anybody.",
  redirect_uris = list(words "URL.", "Where a customer may be sent back to."), company_logo = null(words "URL."),
  company_name = words "Who asks.", frame_ancestors = list(words "Origin.", "Who may frame the pages."),
}, owner), true)

local authorization = with({
  uid = uid(), created = time "Submitted.", customer_email = words "Whose meters.",
  customer_signature = null(object("Consent.", { type = words "confirmation", ts = time "When.",
    full_name = words "Name." }, { "type", "ts" }, { additionalProperties = true })),
  declined = null(time "When."), is_declined = flag "The customer said no.",
  expires = null(words "A time, or until_revoked."), is_expired = flag "Over.", form_uid = null(uid()),
  template_uid = null(uid()), referrals = list(words "Code.", "Codes it is found by."), is_archived = flag "Put away.",
  is_test = flag "Made by test-submit.", notes = list(note, "What is to know."), nickname = null(words "For people."),
  revoked = null(time "When."), is_revoked = flag "All of it was deleted.", scope = scope,
  user_status = one("Of the owner.", { "active", "inactive" }), utility = words "Its id.",
  ongoing_access = object("Reading again without the customer.", { is_kept = flag "The sign-in is kept, sealed.",
    ["until"] = null(time "Deleted then."), refreshed = null(time "Read last."), next_refresh = null(time "Read next."),
    is_refreshing = flag "Right now." }, true),
}, owner, status, links)
local required = {}
for name in pairs(authorization) do required[#required + 1] = name end
table.sort(required)
authorization.meters = ref "MeterListing"
schemas.Authorization = object("A customer's consent and what became of it; meters with include=meters only.",
  authorization, required)

schemas.Meter = object("A meter.", with({
  uid = uid(), authorization_uid = uid(), created = time "Found.", is_archived = flag "Put away.",
  is_activated = flag "Collection was asked for.", is_expanded = flag "Blocks are filled.",
  notes = list(note, "What is to know."),
  ongoing_monitoring = object("Monitoring.", { frequency = one("How often.", { "off", "daily", "weekly", "monthly" }),
    prepay = null(words "As asked."), next_prepay = null(time "When."), next_refresh = null(time "When."),
    fixed_refresh_day = null(count("Day.", 1, 28)) }, true),
  utility = words "Its id.", bill_count = count "Bills.", bill_coverage = list({}, "From and to."),
  bill_sources = list(words "Source.", "Sources."), interval_count = count "Intervals.",
  interval_coverage = list({}, "From and to."), interval_sources = list(words "Source.", "Sources."),
  blocks = list(words "Name.", "Names of the blocks that follow."),
  base = object("What the portal says.", { service_identifier = words "Service point, else account.",
    service_tariff = words "Tariff.", service_class = words "electric, gas, ...",
    service_address = words "In one line.", meter_numbers = list(words "Printed number.", "Numbers."),
    billing_contact = words "Name.", billing_address = words "In one line.", billing_account = words "Account." },
    true),
}, owner, status, links), true)

schemas.KnownTariffs = object("Tariffs that meters have; the shape is ours.", { tariffs = list(object("A tariff of a utility.", {
  utility = words "Its id.", service_class = words "electric, gas, ...", service_tariff = words "In the portal's words.",
  meter_count = count("Meters that have it.", 1) }, true), "By utility, class and tariff.") }, true)

schemas.Event = object("Something that happened.", {
  uid = uid(), type = words "May be new.", ts = time "When.", delivery_method = words "webhook",
  delivery_target = null(words "URL."), is_delivered = flag "It was taken.", form_uid = uid(),
  authorization_uid = uid(), meter_uid = uid(),
}, { "uid", "type", "ts", "delivery_method", "delivery_target", "is_delivered" })

schemas.Bill = map "A bill. There are none yet."
schemas.Interval = map "A stretch of readings. There are none yet."
schemas.BillingAccount = map "An account. There are none yet."
schemas.BillingSummary = map "A summary. There are none yet."

schemas.Webhook = object("An endpoint that is told of events.", {
  uid = uid(), url = words "Where.", types = list(words "Type.", "Types of events; all if empty."),
  created = time "Made.", disabled = flag "Nothing is sent.",
  secret = words "Shown when it is made or changed, never again.",
}, { "uid", "url", "types", "created", "disabled" })

schemas.Token = object("A token of the API.", {
  uid = uid(), name = words "What it is for.", start = words "How it begins.", scopes = list(words "Right.", "Rights."),
  user_uid = null(words "Whose it is."), created = time "Made.", expires = null(time "Over."),
  revoked = null(time "Revoked."), used = null(time "Last used."), token = words "Shown when it is made, never again.",
}, { "uid", "name", "start", "scopes", "user_uid", "created", "expires", "revoked", "used" })

local mfa = object("How codes are handled.", { policy = one("relay: the customer is asked; turn_off: it must be off.",
  { "relay", "turn_off" }),
  kinds = list(words "Kind.", "What may be asked for."), help_url = null(words "The utility's own page.") }, true)
schemas.Utility = object("A utility that an adapter is here for.", {
  id = words "The adapter's.", utility_id = words "What `utility` says.", name = words "Name.",
  regions = list(words "Region.", "Regions."), services = list(words "Service.", "Services."), mfa = mfa,
  evidence = words "What the adapter rests on.", version = words "Hash.",
  credentials = list(object("A field.", { name = words "Name.", label = words "Label.", type = words "Type.",
    secret = flag "Hidden." }, true), "What is asked."),
  paused = null(words "Why nobody can sign in at the moment."),
}, true)
schemas.UtilityLookup = object("What was found.", { utilities = list(object("A utility.",
  { name = words "Name.", id = words "Its id.",
  third_party_registration = words "URL, or empty." }, true), "By name.") }, true)

schemas.Adapter = object("An adapter's versions.", {
  id = words "Its id.", utility_id = words "UtilityAPI's.", name = words "Name.", version = words "Live.",
  changed = time "Since when.", canary = null(words "On trial."),
  share = count "Of 100 new sessions that take the canary.", before = null(words "Live before."),
  pinned = flag "Rolled back to: a new version waits.", paused = null(words "Why."),
  policy = words "relay or turn_off: what counts.", own_policy = words "The adapter's own, whatever the operator set over it.",
  retired = null(time "Since when: its file is gone, and nobody can choose it."),
  canary_share = count "Of 100 new sessions that a new version gets first; 0: it is for all at once.",
  trial = null(object("What the canary's sessions came to, beside those of the live version meanwhile.", { version = words "The canary.",
    since = time "Begun.", good = count "Its sessions that brought meters.", failed = count "That failed by its own fault.",
    live_good = count "The live version's.", live_failed = count "The live version's." }, true)),
  versions = list(object("A version.", { version = words "Hash.", created = time "Kept since.",
    live = null(time "When it last went live."),
    state = one("held: rolled back from or withdrawn; it stays out, though the folder may have it.", { "live", "canary", "held", "kept" }) },
    true), "Versions that are kept, those that were live last first."),
}, true)

schemas.Challenge = object("What the portal asks the customer.", {
  id = words "Names it.", kind = words "otp, question, select, approve, ...", prompt = words "In the portal's words.",
  medium = words "sms, email, ...", dest = words "Where a code went, masked.", digits = count "Of the code.",
  choices = list(map "id and label", "Options."), fields = list({}, "Fields."), expires_at = {},
  tries_left = count "Tries.", resend = map "allowed, not_before, left",
  message = words "What the portal said of the last answer.", resent = flag "A new code was sent since.",
}, { "id", "kind" }, { additionalProperties = true })
schemas.ChallengeState = object("Where the authorization stands.", {
  state = words "working, code, sent, done, failed, ...", challenge = null(ref "Challenge"),
  error = null(map "code, message, help"), note = null(words "Why the last answer was not taken."),
}, true)

schemas.TestSubmitted = object("A made-up customer submitted.",
  { referral = words "Code to find the authorization by." }, true)
schemas.Collection = object("Taken.", { success = { const = true }, meters = list(words "uid",
  "Those that were taken."),
  collection_duration = count "Months." }, true)
schemas.Monitoring = object("Taken.", { success = { const = true }, meters = list(words "uid",
  "Those that were taken."), frequency = words "How often.",
  fixed_refresh_day = null(count "Day.") }, true)
schemas.Replayed = object("They are sent again.", { success = { const = true }, events = list(words "uid", "Which.") },
  true)
schemas.Pinged = object("A ping is on its way.", { success = { const = true }, event = words "Its uid." }, true)
schemas.Resent = object("Mailed.", { success = { const = true }, form = ref "Form" }, true)

-- {"<plural>": [...], "next": URL or null} of each.
for plural, name in pairs { templates = "Template", forms = "Form", authorizations = "Authorization", meters = "Meter",
  bills = "Bill", events = "Event", billing_accounts = "BillingAccount", billing_summaries = "BillingSummary",
  webhooks = "Webhook", tokens = "Token", utilities = "Utility",
    adapters = "Adapter", intervals = "Interval" } do
  schemas[name .. "Listing"] = object("A page of a list.", { [plural] = list(ref(name), "Newest first."),
    next = null(words "URL of the next page.") }, true)
end
schemas.IntervalListing.properties.is_incomplete = flag "More will come."
schemas.IntervalListing.required = { "intervals", "is_incomplete", "next" }

schemas.OpenAPI = map "OpenAPI 3.1."

for name, schema in pairs(require "service.api.bodies") do schemas[name] = schema end

return schemas
