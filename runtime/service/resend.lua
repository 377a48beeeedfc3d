-- Mails a data request's link to the customer (again).
local forms = require "service.forms"
local mails = require "service.mails"
local progress = require "service.progress"
local templates = require "service.templates"
local timeline = require "service.timeline"
local resend = {}

-- A customer in the middle of it keeps the link that they have.
local SAME = { working = true, code = true, sent = true }

-- to: an address other than the data request's. -> the data request whose link was mailed (a new one that inherits the state, unless the
-- customer is in the middle); or nil and a code: "disabled", "no_email".
function resend.send(form, base, to)
  to = to or form.customer_email
  if form.disabled then return nil, "disabled" end
  if to == "" then return nil, "no_email" end
  if not SAME[progress.of(form).state] then form = forms.again(form.team, form) end
  local template = templates.get(form.team, form.template)
  mails.send(form.team, "request", to, { link = forms.url(base, form), company = template.company_name, utility = form.utility,
    language = form.language, date = os.date("!%Y-%m-%d", form.expires // 1000000), form = form.uid })
  timeline.add(form.team, { form = form.uid }, "mailed", { email = to })
  return form
end

return resend
