-- A data request's link on its way to the customer: which link, and with which words.
local db = require "service.db"
local forms = require "service.forms"
local failure = require "service.customer.failure"
local kept = require "service.kept"
local mails = require "service.mails"
local page = require "service.page"
local progress = require "service.progress"
local timeline = require "service.timeline"
local resend = {}

-- A customer in the middle of it keeps the link that they have.
local SAME = { working = true, code = true, sent = true }

-- Mails the link of just this data request. kind: of mails; words: of its own, or nil.
local function mail(kind, form, base, to, words)
  local now, t = progress.of(form), page.words(form.language or "en")
  mails.send(form.team, kind, to, { link = forms.url(base, form), company = now.template.company_name,
    language = form.language, form = form.uid,
    utility = now.utility and now.utility.name or form.utility or t("mail.utility"),
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

-- How MFA is switched off, in the customer's language: a mail's words.
local function off_words(now, language, ongoing)
  local mfa, t = now.utility and now.utility.mfa or {}, page.words(language)
  local said = { utility = now.utility and now.utility.name or now.authorization.utility }
  local lines = { t("mail.must_be_off.steps") }
  for i, step in ipairs(failure.steps(mfa, t, language, said)) do lines[i + 1] = i .. ". " .. step.text end
  if mfa.help_url and mfa.help_url ~= host.null then lines[#lines + 1] = t("mail.must_be_off.page", said) .. " " .. mfa.help_url end
  return { subject = t("mail.must_be_off.subject"), action = t("mail.must_be_off.action"),
    text = t("mail.must_be_off.text") .. "\n\n" .. table.concat(lines, "\n") .. "\n\n" .. t("mail.must_be_off.then" .. (ongoing and "_ongoing" or "")) }
end

-- After a failure: mails the customer what they have to do, with a link that works. -> the data request; or nil and
-- "no_email".
function resend.notify(form, base)
  local now = progress.of(form)
  if form.customer_email == "" then return nil, "no_email" end
  if form.disabled or form.expires < host.now() then form = forms.again(form.team, form) end
  local impossible = now.utility and now.utility.mfa.off_impossible
  local off = now.error and now.error.code == "mfa.must_be_off" and not impossible
  local words = off and off_words(now, form.language or "en", kept.until_of(form.scope)) or nil
  mail(now.state == "code" and "code" or "failed", form, base, form.customer_email, words)
  timeline.add(form.team, { form = form.uid }, "notified", { code = now.error and now.error.code })
  return form
end

return resend
