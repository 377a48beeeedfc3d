-- Mails to the customer that follow from what happened to an authorization, not from a page.
local adapters = require "service.adapters"
local forms = require "service.forms"
local kept = require "service.kept"
local mails = require "service.mails"
local page = require "service.page"
local receipt = require "service.receipt"
local templates = require "service.templates"
local words = require "service.customer.words"
local letters = {}

-- Where the list is read again until then (us), MFA that is on ends it: what the letter says instead, and the link to end it oneself.
local function ongoing(authorization, till, language)
  local t = page.words(language or "en")
  return { subject = t("mail.off.ongoing.subject"), text = t("mail.off.ongoing.text"), action = t("mail.off.ongoing.action") },
    receipt.path(authorization), words.date(t, till)
end

-- The account is linked: where MFA had to be off it can be on again. Links need the service's own address.
function letters.linked(authorization)
  local one, base = adapters.by_utility(authorization.utility), host.config.url:gsub("/+$", "")
  local template = templates.get(authorization.team, authorization.template)
  if not one or one.mfa.policy ~= "turn_off" or authorization.customer_email == "" or base == "" or not template then return end
  local form, row = authorization.form and forms.get(authorization.team, authorization.form), kept.get(authorization)
  local own, path, date
  if row then own, path, date = ongoing(authorization, row.till, form and form.language) end
  mails.send(authorization.team, "off", authorization.customer_email, { link = base .. (path or "/help/" .. one.id), words = own, date = date,
    company = template.company_name, utility = one.name, language = form and form.language, form = authorization.form,
    authorization = authorization.uid })
end

return letters
