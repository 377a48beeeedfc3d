-- What a failed sign-in means to the customer: whose matter it is, what to do, whom to ask, whether trying again makes sense.
local own_words = require "service.own_words"
local failure = {}

-- The password itself may be wrong: nothing is said in its favour.
local PASSWORD = { ["auth.credentials"] = true, ["auth.lock_risk"] = true, ["auth.locked"] = true, ["auth.password_expired"] = true,
                   ["auth.credentials_reset"] = true }
-- What happened says whose matter it is.
local SILENT = { ["mfa.must_be_off"] = true, ["engine.cancelled"] = true }
-- Another utility may be the right one.
local ELSEWHERE = { ["auth.wrong_portal"] = true, ["auth.not_a_customer"] = true, ["adapter.retired"] = true }
-- Only the customer can mend it, on the utility's website or by calling it.
local ON_SITE = { ["auth.credentials"] = true, ["auth.locked"] = true, ["auth.lock_risk"] = true, ["auth.disabled"] = true,
                  ["auth.password_expired"] = true, ["auth.credentials_reset"] = true, ["auth.concurrent_session"] = true,
                  ["mfa.must_enroll"] = true, ["mfa.unsupported"] = true, ["site.permission"] = true }
local CALL = { ["auth.locked"] = true, ["auth.disabled"] = true, ["mfa.send_failed"] = true, ["mfa.send_limited"] = true,
               ["user_action.payment"] = true, ["site.permission"] = true }
-- "Try again" says that something was done first.
local FIXED = { ["auth.locked"] = true, ["auth.disabled"] = true, ["auth.concurrent_session"] = true, ["mfa.must_enroll"] = true,
                ["mfa.unsupported"] = true, ["site.permission"] = true }
-- Answers of the service's own, without an owner in the table of faults.
local OWNERS = { auth = "user", mfa = "user", user_action = "user", site = "site", net = "network", adapter = "adapter", policy = "adapter",
                 engine = "engine" }

-- Time ran out, whoever's it was.
local TIME = { ["auth.session_lost"] = true, ["mfa.answer_timeout"] = true, ["mfa.approval_expired"] = true, ["mfa.code_expired"] = true }
-- Of what the customer has to mend: here another login would be the right one, so nothing is said for this one.
local OTHER_LOGIN = { ["auth.wrong_portal"] = true, ["auth.not_a_customer"] = true, ["site.permission"] = true }

local function part_of(code) return code:match("^[^.]+") end

-- Codes of the redirect back (utilityapi v2, section 5).
local RETURN = { ["auth.locked"] = "access_locked", ["auth.lock_risk"] = "access_locked", ["auth.disabled"] = "access_locked",
                 ["mfa.must_be_off"] = "incomplete_registration", ["mfa.must_enroll"] = "incomplete_registration",
                 ["mfa.denied"] = "access_denied", ["engine.cancelled"] = "access_denied", ["engine.shutdown"] = "temporarily_unavailable",
                 ["engine.park_full"] = "temporarily_unavailable" }
local RETURN_PART = { auth = "access_invalid", mfa = "access_invalid", user_action = "incomplete_registration", site = "utility_down",
                      net = "utility_down" }

function failure.return_code(code) return RETURN[code] or RETURN_PART[part_of(code)] or "server_error" end

-- Whether the same customer can do something about it now: adapters are mended by others.
local function may_retry(code, retry)
  if FIXED[code] then return true end
  local part = part_of(code)
  if part == "adapter" or part == "policy" then return false end
  return retry ~= "never" or part == "engine"
end

-- How MFA is switched off, of the adapter's manifest, else in general: {{text, lang}, ...}.
function failure.steps(mfa, t, language, said)
  local steps = own_words.list(language, mfa.steps)
  if #steps == 0 then
    for i = 1, 3 do steps[i] = { text = t("customer.off.generic_" .. i, said), lang = language } end
  end
  return steps
end

local function off(error, utility, t, language, said)
  local mfa = utility.mfa or {}
  return { steps = failure.steps(mfa, t, language, said), official = error.help and error.help.url or mfa.help_url, impossible = mfa.off_impossible == true }
end

-- MFA must be off: how; or, where it cannot be, what comes instead.
local function switch_off(out, error, utility, t, language, said, offers)
  out.off, out.again = off(error, utility, t, language, said), "customer.off.done"
  out.portal = not out.off.impossible
  if out.portal then return end
  out.title, out.text = t("customer.off.impossible.title", said), t("customer.off.impossible.text", said)
  out.team, out.again = offers or t("customer.off.impossible.team", said), "customer.again"
end

-- The owner as one of those that there are words for.
local function owner_of(error, code)
  local part = part_of(code)
  if TIME[code] then return "time" end
  local owner = OWNERS[part] and (error.owner or OWNERS[part]) or "engine"
  if owner == "user" and not OTHER_LOGIN[code] then return "user_right" end
  return owner == "operator" and "engine" or owner
end

-- error: of progress, without nulls; utility: of view.utility; said: {utility, company}; offers: the template's word on what comes instead.
function failure.view(error, utility, t, language, said, offers)
  local code = error.code or "engine.internal"
  local key, part = pcall(t, "error." .. code) and "error." .. code or "error.other", part_of(code)
  local fixed = FIXED[code] or part == "user_action"
  local out = { code = code, title = t(key, said), text = t(key .. ".help", said), retry = may_retry(code, error.retry),
    says = error.evidence and error.evidence.site_message or nil, elsewhere = ELSEWHERE[code], portal = ON_SITE[code] or part == "user_action",
    call = CALL[code], again = fixed and "customer.failed.fixed" or "customer.again" }
  if not SILENT[code] and not PASSWORD[code] then out.owner_text = t("customer.failed.owner." .. owner_of(error, code), said) end
  if code == "mfa.must_be_off" then switch_off(out, error, utility, t, language, said, offers) end
  return out
end

return failure
