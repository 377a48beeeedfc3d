-- A data request's link on its way to the customer: which link, and with which words.
local db = require "service.db"
local forms = require "service.forms"
local mails = require "service.mails"
local progress = require "service.progress"
local timeline = require "service.timeline"
local resend = {}

-- A customer in the middle of it keeps the link that they have.
local SAME = { working = true, code = true, sent = true }

-- Mails the link of just this data request. kind: of mails; words: of its own, or nil.
local function mail(kind, form, base, to, words)
  local now = progress.of(form)
  mails.send(form.team, kind, to, { link = forms.url(base, form), company = now.template.company_name,
    language = form.language, form = form.uid,
    utility = now.utility and now.utility.name or form.utility or "your utility",
    date = os.date("!%Y-%m-%d", form.expires // 1000000),
    authorization = now.authorization and now.authorization.uid, words = words })
end

-- The first time: its own link.
function resend.first(form, base)
  mail("request", form, base, form.customer_email)
  timeline.add(form.team, { form = form.uid }, "mailed", { email = form.customer_email })
end

-- A link that renews the authorization by a sign-in of the customer's, mailed where there is an address. -> the data request.
function resend.reauthorize(authorization, base, user)
  local before = authorization.form and forms.get(authorization.team, authorization.form)
  local new = assert(forms.create(authorization.team, { authorization_uid = authorization.uid, scope = authorization.scope, user = user,
    language = before and before.language }))
  if new.customer_email ~= "" then resend.first(new, base) end
  return new
end

local function was_mailed(form)
  return db.row("SELECT 1 AS there FROM mails WHERE team = ?1 AND form = ?2 LIMIT 1", form.team, form.uid) ~= nil
end

-- The data request whose link is of use now, and whether it is the same: a new one inherits the state unless the
-- customer is in the middle, or has not been sent any.
function resend.renewed(form)
  local state = progress.of(form).state
  local same = SAME[state] or (state == "choose" and not was_mailed(form)) or false
  return same and form or forms.again(form.team, form), same
end

-- to: an address other than the data request's. -> the data request whose link was mailed, and whether it is the same;
-- or nil and a code:
-- "disabled", "no_email".
function resend.send(form, base, to)
  to = to or form.customer_email
  if form.disabled then return nil, "disabled" end
  if to == "" then return nil, "no_email" end
  local new, same = resend.renewed(form)
  mail(progress.of(new).state == "code" and "code" or "request", new, base, to)
  timeline.add(new.team, { form = new.uid }, "mailed", { email = to })
  return new, same
end

-- How MFA is switched off at this utility, in its own words (which are English).
local function off_words(now)
  local mfa, lines = now.utility and now.utility.mfa or {}, {}
  for i, step in ipairs(mfa.steps or {}) do lines[i] = i .. ". " .. step end
  if #lines > 0 then table.insert(lines, 1, "How to switch it off:") end
  if mfa.help_url and mfa.help_url ~= host.null then
    lines[#lines + 1] = "The utility's own page about it: " .. mfa.help_url
  end
  lines[#lines + 1] = "It can be switched on again as soon as your account is linked."
  lines[#lines + 1] = "When it is off, open this link and try again:"
  return { subject = "{utility}: please switch multi-factor authentication off for a moment", action = "Try again",
    text = "{company} could not read your meters at {utility} yet: multi-factor authentication (MFA) is on, "
      .. "and has to be off while your account is linked.\n\n" .. table.concat(lines, "\n") }
end

-- After a failure: mails the customer what they have to do, with a link that works. -> the data request; or nil and
-- "no_email".
function resend.notify(form, base)
  local now = progress.of(form)
  if form.customer_email == "" then return nil, "no_email" end
  if form.disabled or form.expires < host.now() then form = forms.again(form.team, form) end
  local off = now.error and now.error.code == "mfa.must_be_off" and (form.language or "en") == "en"
  mail(now.state == "code" and "code" or "failed", form, base, form.customer_email, off and off_words(now) or nil)
  timeline.add(form.team, { form = form.uid }, "notified", { code = now.error and now.error.code })
  return form
end

return resend
