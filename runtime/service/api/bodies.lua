-- Schemas of what is sent to the API.
local types = require "service.api.types"
local text, flag, uid, url, email = types.text, types.flag, types.uid, types.url, types.email
local list, object, null = types.list, types.object, types.null
local bodies = {}

local utility = text("A utility's id, in any case; GET /api/v2/utilities has them. Empty or null: the customer picks.",
  64)
local email_or_none = text("Filled in for the customer.", 254, { format = "email-or-empty" })

local scope = types.map("What is asked for.")
scope.properties = {
  expires = text("until_revoked, a duration (7d, 3y) or a time.", 64, { format = "expiry" }),
  ongoing_end = null(types.time("Monitoring ends then.")),
}
scope.maxProperties, scope["x-maxBytes"] = 20, 4096

bodies.FormCreate = object("A new data request; an empty body is a valid one.", {
  template_uid = null(uid("Which template; the newest one that is not disabled if absent.")),
  authorization_uid = null(uid("The authorization that the customer is asked to renew.")),
  customer_email = null(email_or_none), utility = null(utility), scope = null(scope),
})

bodies.FormModify = object("Changes; what is absent stays as it is.", {
  is_archived = flag "Put away.", disabled = flag "Its link answers no more.", template_uid = uid "Another template.",
  authorization_uid = null(uid "The authorization to renew."), customer_email = null(email_or_none),
  utility = null(utility), scope = null(scope),
})

bodies.TestSubmit = object("A made-up customer.", {
  utility = text("A utility's id.", 64, { minLength = 1 }),
  scenario = text("What is to happen, by the sandbox's user names.", 64, { minLength = 1 }),
}, { "utility", "scenario" })

bodies.AuthorizationModify = object("Changes.", {
  is_archived = flag "Put away; nothing else stops.", nickname = null(text("A name for people.", 200)),
})

bodies.ChallengeAnswer = object("What the customer gave back.", {
  id = text("The challenge's id, as GET says.", 100, { minLength = 1 }),
  answer = { writeOnly = true, description = "What the kind of the challenge wants.",
    anyOf = { text("A code or an answer.", 512), { const = true }, object("An option.",
    { choice = text("Its id.", 200) }, { "choice" }), object("Several fields.",
    { fields = types.map("By name.", text("Its text.", 512)) }, { "fields" }),
    object("Another code.", { resend = { const = true } }, { "resend" }) } },
}, { "id", "answer" })

bodies.MeterModify = object("Changes.", { is_archived = flag "Put away." })

local meters = list(uid(), "Meters by uid.", { minItems = 1, maxItems = 1000 })

bodies.HistoricalCollection = object("Which meters.", {
  meters = meters, collection_duration = types.count("Months.", 1, 36),
}, { "meters" })

bodies.OngoingMonitoring = object("Which meters, how often.", {
  meters = meters, frequency = types.one("How often.", { "off", "daily", "weekly", "monthly" }),
  fixed_refresh_day = null(types.count("Day of the month, with monthly only.", 1, 28)),
  prepay = null(types.one("As older clients say it.", { "off", "month_to_month", "prepay_yearly" })),
}, { "meters" })

bodies.EventModify = object("Changes.", { is_delivered = flag "true stops further tries." })

local secret = text("What requests are signed with; made if absent, shown once.", 200, { minLength = 16 })
local names = list(text("An event's type.", 100), "Types of events; all if empty.", { maxItems = 100 })

bodies.WebhookCreate = object("A new endpoint.", { url = url "https, or an origin that the operator opened.",
  types = names, secret = secret }, { "url" })
bodies.WebhookModify = object("Changes.", { url = url "Another URL.", types = names, secret = secret,
  disabled = flag "Nothing is sent." })
bodies.WebhookReplay = object("Which events; without any, all of this webhook that were not delivered.", {
  events = list(uid(), "Events by uid.", { maxItems = 1000 }), since = types.time "All since then.",
})

bodies.TokenCreate = object("A new token.", {
  name = text("What it is for.", 100, { minLength = 1 }),
  scopes = list(types.one("A right.", { "read", "write", "operator" }),
    "Rights; not more than the token that asks has.", { minItems = 1, maxItems = 3 }),
  expires = null(types.time("In ten years if absent.")),
}, { "name" })

bodies.FormResend = object("Where to.", {
  customer_email = email "Becomes the data request's; without it, the one that it has is used.",
})

bodies.AdapterRelease = object("Which version.", { version = text("Its hash.", 128, { minLength = 1 }) }, { "version" })
bodies.AdapterShare = object("A canary's share.", {
  share = types.count("Of 100 new sessions, for the canary there is and those to come; 0: none.", 0, 100) }, { "share" })
bodies.AdapterPolicy = object("How codes are handled.", {
  policy = null(types.one("relay: the customer is asked; turn_off: MFA must be off; null: as the settings or the adapter say.",
    { "relay", "turn_off" })) }, { "policy" })
bodies.AdapterPause = object("Nobody signs in any more.", { reason = text("What customers read.", 300, { minLength = 1 }) }, { "reason" })
bodies.AdapterRollback = object("Which version.", { version = text("Its hash; the one before if absent.", 128,
  { minLength = 1 }) })

return bodies
