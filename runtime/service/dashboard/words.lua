-- What the team reads: states, failures and what helps, in words.
local words = {}

-- state -> {short label, tone, sentence}. Tones: wait, work, good, bad, off; never the only sign, the label stands
-- beside it.
words.states = {
  choose = { "Not started", "wait", "The customer has not signed in at their utility yet." },
  working = { "Working", "work", "Signing in at the utility, or reading meters, right now." },
  code = { "Waits for a code", "ask", "The utility asked for a code. The customer has to enter it on their page." },
  sent = { "Code is checked", "work", "The customer entered a code; the utility is checking it." },
  done = { "Done", "good", "The meters are here." },
  failed = { "Failed", "bad", "It did not work. Below is whose turn it is." },
  declined = { "Declined", "off", "The customer said no." },
  expired = { "Expired", "off", "The link or the authorization is past its time." },
  revoked = { "Revoked", "off", "Access was taken back; credentials, journals and meters are gone." },
  disabled = { "Disabled", "off", "This link was switched off by the team." },
  reauthorize = { "Needs reauthorization", "ask",
    "Reading again without the customer has ended, and the kept sign-in is deleted. The meters are as they were last; "
    .. "the customer has to sign in once more." },
  mfa_off = { "MFA must be off", "ask", "This utility can only be read while the customer has MFA switched off." },
}
-- In this order they stand above the list.
words.order = { "code", "mfa_off", "reauthorize", "failed", "working", "sent", "choose", "done", "declined", "expired", "revoked",
  "disabled" }

-- Of a failure: what happened. {n} is the utility's name.
words.errors = {
  ["auth.credentials"] = "{n} says that the user name or the password is wrong.",
  ["auth.locked"] = "{n} has locked the account, mostly after too many wrong tries.",
  ["auth.lock_risk"] = "One more wrong password would lock the account at {n}, so it was not tried.",
  ["auth.disabled"] = "{n} has closed or disabled the account.",
  ["auth.password_expired"] = "The password has expired; {n} wants a new one.",
  ["auth.credentials_reset"] = "{n} has reset the credentials; the customer has to choose new ones there.",
  ["auth.not_a_customer"] = "{n} does not know this person as a customer.",
  ["auth.wrong_portal"] = "The account belongs to another portal than this one of {n}.",
  ["auth.concurrent_session"] = "The customer is signed in elsewhere, and {n} allows one place at a time.",
  ["auth.session_lost"] = "{n} ended the sign-in before it was through.",
  ["mfa.code_wrong"] = "{n} refused the code.",
  ["mfa.code_reused"] = "The code had been used before.",
  ["mfa.code_expired"] = "The code came too late for {n}.",
  ["mfa.tries_exhausted"] = "Too many wrong codes.",
  ["mfa.denied"] = "The sign-in was refused on the customer's device.",
  ["mfa.approval_expired"] = "Nobody approved the sign-in in time.",
  ["mfa.answer_timeout"] = "A code was asked for and nobody entered one in time.",
  ["mfa.needs_human"] = "{n} wants a code and the customer was not there. None was sent.",
  ["mfa.send_failed"] = "{n} could not send the code.",
  ["mfa.send_limited"] = "{n} will not send more codes for now.",
  ["mfa.method_unavailable"] = "The chosen way to get a code is not available at {n}.",
  ["mfa.must_enroll"] = "{n} wants the customer to set up MFA first.",
  ["mfa.must_be_off"] = "MFA is on. For {n} it must be off for the first sign-in, and can be on again afterwards.",
  ["mfa.unsupported"] = "{n} asks for a kind of MFA that cannot be passed on, a passkey say.",
  ["mfa.trust_lost"] = "{n} no longer trusts this device and wants a code again.",
  ["user_action.terms"] = "{n} wants the customer to accept its terms.",
  ["user_action.profile"] = "{n} wants the customer to complete their profile.",
  ["user_action.payment"] = "{n} wants the customer to settle something about payment first.",
  ["user_action.contact"] = "{n} wants the customer to confirm how to reach them.",
  ["user_action.on_site"] = "{n} wants the customer to do something on its website.",
  ["site.down"] = "The website of {n} is down.",
  ["site.maintenance"] = "The website of {n} is under maintenance.",
  ["site.error_page"] = "The website of {n} showed an error.",
  ["site.rate_limited"] = "{n} asked to come back later.",
  ["site.blocked"] = "{n} let nobody through: a captcha or a bot check.",
  ["site.permission"] = "The customer may not see this data at {n}.",
  ["site.partial"] = "{n} showed only a part of the data.",
  ["engine.interrupted"] = "Meterkey was interrupted in the middle. A password or a code may have been used once.",
  ["engine.cancelled"] = "The sign-in was given up.",
}

words.domains = { adapter = "The page of {n} was not what the adapter expects.",
  policy = "The adapter for {n} broke one of the limits.",
  net = "The website of {n} could not be reached.", engine = "Something went wrong inside Meterkey.",
  site = "The website of {n} had a problem.", auth = "The sign-in at {n} failed.", mfa = "MFA at {n} was not passed.",
  user_action = "{n} wants something from the customer first." }

words.owners = { user = "the customer", site = "the utility's website", adapter = "the adapter's author",
  engine = "Meterkey",
  network = "the network", operator = "the operator" }

words.retries = { never = "Trying again will not help by itself.", now = "It can be tried again at once.",
  after = "It can be tried again later.", after_user = "It can be tried again once the customer has done their part." }

-- A failure as people read it. error: {code, owner, retry, message, ...}; name: the utility's.
function words.failure(error, name)
  local text = words.errors[error.code] or words.domains[tostring(error.code):match("^[^.]+")] or "It failed."
  return { text = text:gsub("{n}", function() return name end), owner = words.owners[error.owner] or "unknown",
    retry = words.retries[error.retry] or "", code = error.code, said = error.message }
end

-- What a timeline's entry is called; an unknown one shows its own name.
words.happened = {
  created = "Data request created", mailed = "Link sent by e-mail", opened = "Customer opened the link",
  submitted = "Customer signed in", progress = "Progress", code_wanted = "The utility asked for a code",
  code_rejected = "The utility refused the code",
  answered = "Customer answered", finished = "Meters are here", failed = "Failed", declined = "Customer declined",
  revoked = "Access revoked",
  expired = "Authorization expired", cancelled = "Given up", archived = "Archived",
  unarchived = "Taken out of the archive",
  refreshed = "Meters read again", put_off = "Reading again failed; it is tried later",
  not_kept = "Sign-in not kept any more",
  disabled = "Link switched off", enabled = "Link switched on", notified = "Customer was told what to do",
}

function words.happening(what)
  return words.happened[what] or (tostring(what):gsub("_", " "):gsub("^%l", string.upper))
end

local kinds = { otp = "a code", totp = "the code of an app", offline_code = "a code of the customer's own device",
  question = "a security question", select = "which way to go on", approve = "a tap on the customer's device",
  link = "a link to be opened", acknowledge = "to agree to something", image_pick = "a picture", credential = "one more detail" }
local media = { sms = " by text message", voice = " by a call", email = " by e-mail", push = " in its app" }

-- What a utility asks for, for people.
function words.question(kind, medium) return (kinds[kind] or kind) .. (media[medium] or "") end

-- An address of a meter on one line.
function words.address(address)
  if type(address) ~= "table" then return "" end
  if address.line and address.line ~= host.null then return address.line end
  local out = {}
  for _, name in ipairs { "street", "unit", "city", "region", "postcode" } do
    local part = address[name]
    if part and part ~= host.null and part ~= "" then out[#out + 1] = tostring(part) end
  end
  return table.concat(out, ", ")
end

words.roles = { owner = "Owner", member = "Member", read = "Read only" }

return words
