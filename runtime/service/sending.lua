-- A data request's link on its way to the customer: which link, and with which words.
local audit = require "service.audit"
local forms = require "service.forms"
local mails = require "service.mails"
local progress = require "service.progress"
local timeline = require "service.timeline"
local sending = {}

-- In these a customer is in the middle of it (or has not begun): the same link leads back to where they are.
local SAME = { code = true, sent = true, working = true, choose = true }

local function values(now, form, base)
  return { link = forms.url(base, form), utility = now.utility and now.utility.name or form.utility or "your utility",
    company = now.template and now.template.company_name or "Meterkey", language = form.language, form = form.uid,
    authorization = now.authorization and now.authorization.uid, minutes = sending.minutes(now) }
end

-- How long an open question can still be answered, in minutes.
function sending.minutes(now)
  local till = now.session and now.session.challenge_until
  return till and math.max(1, (till - host.now()) // 60000000) or 15
end

local function mail(kind, now, form, base, words)
  if form.customer_email == "" then return false end
  local v = values(now, form, base)
  v.words = words
  mails.send(form.team, kind, form.customer_email, v)
  return true
end

-- Mails the link; in the middle of it, the same, else a new one that inherits the state. who, peer: for the audit log.
-- -> the form whose link it is, whether that is the same one, and whether a mail went out (there may be no address).
function sending.link(form, base, who, peer)
  local now = progress.of(form)
  local same = SAME[now.state] or false
  if not same then
    form = forms.again(form.team, form)
    now = progress.of(form)
  end
  local mailed = mail(now.state == "code" and "code" or "request", now, form, base)
  timeline.add(form.team, { form = form.uid }, mailed and "sent" or "link_made", { same = same })
  audit.add(form.team, who, mailed and "form.sent" or "form.link_made", "form:" .. form.uid, peer)
  return form, same, mailed
end

-- What to do at this utility before MFA is off, in its own words (which are English).
local function off_words(now)
  local mfa, lines = now.utility and now.utility.mfa or {}, {}
  for i, step in ipairs(mfa.steps or {}) do lines[i] = i .. ". " .. step end
  if #lines > 0 then table.insert(lines, 1, "How to switch it off:") end
  if mfa.help_url then lines[#lines + 1] = "The utility's own page about it: " .. mfa.help_url end
  lines[#lines + 1] = "It can be switched on again as soon as your account is linked. Then open this link and try again:"
  return { subject = "{utility}: please switch multi-factor authentication off for a moment", action = "Try again",
    text = "{company} could not read your meters at {utility} yet: multi-factor authentication (MFA) is on, and has to be off while your "
      .. "account is linked.\n\n" .. table.concat(lines, "\n") }
end

-- Mails the customer what they have to do after a failure, with a link that works. -> the form, and whether a mail went out.
function sending.notify(form, base, who, peer)
  local now = progress.of(form)
  if form.customer_email == "" then return form, false end
  if form.disabled or form.expires < host.now() then form = forms.again(form.team, form) end
  local off = now.error and now.error.code == "mfa.must_be_off" and (form.language or "en") == "en"
  mail(now.state == "code" and "code" or "failed", now, form, base, off and off_words(now) or nil)
  timeline.add(form.team, { form = form.uid }, "notified", { code = now.error and now.error.code })
  audit.add(form.team, who, "form.notified", "form:" .. form.uid, peer)
  return form, true
end

return sending
