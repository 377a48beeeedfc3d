-- Mails to the customer that follow from what happened to an authorization, not from a page.
local adapters = require "service.adapters"
local forms = require "service.forms"
local mails = require "service.mails"
local templates = require "service.templates"
local letters = {}

-- The account is linked: where MFA had to be off it can be on again. Links need the service's own address.
function letters.linked(authorization)
  local one, base = adapters.by_utility(authorization.utility), host.config.url:gsub("/+$", "")
  local template = templates.get(authorization.team, authorization.template)
  if not one or one.mfa.policy ~= "turn_off" or authorization.customer_email == "" or base == "" or not template then return end
  local form = authorization.form and forms.get(authorization.team, authorization.form)
  mails.send(authorization.team, "off", authorization.customer_email, { link = base .. "/help/" .. one.id, company = template.company_name,
    utility = one.name, language = form and form.language, form = authorization.form, authorization = authorization.uid })
end

return letters
