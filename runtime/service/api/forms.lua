-- Data requests in the API.
local adapters = require "service.adapters"
local audit = require "service.audit"
local clock = require "service.clock"
local forms = require "service.forms"
local problem = require "service.api.problem"
local resend = require "service.resend"
local shape = require "service.api.shape"
local api = {}

function api.list(call)
  return call:listed("forms", call.query, forms.list, shape.form)
end

function api.get(call)
  local row = forms.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  return shape.form(call, row)
end

-- The utility in its own spelling; empty is nil. -> values, or nil and a problem.
local function values_of(call, empty)
  local values = { template_uid = call:given("template_uid"), authorization_uid = call:given("authorization_uid",
    empty),
    customer_email = call:given("customer_email", ""), scope = call:given("scope", {}), utility = call:given("utility",
      empty) }
  if values.utility == "" then values.utility = empty end
  if type(values.utility) == "string" then
    local one = adapters.by_utility(values.utility)
    if not one then return problem.invalid("utility", "is no utility that is here; GET /api/v2/utilities has them") end
    values.utility = one.utility_id or one.id
  end
  local expires = values.scope and clock.parse(values.scope.expires)
  if expires and expires <= host.now() then return problem.invalid("scope", "expires: that is over already") end
  return values
end

local function unknown(name)
  if name == "template_uid" then return problem.invalid(name, "is no template that can be used") end
  return problem.invalid(name, "is not known")
end

function api.create(call)
  local values, why = values_of(call)
  if not values then return nil, why end
  if values.customer_email == "" then values.customer_email = nil end
  values.user = call.token.user
  local row, wrong = forms.create(call.team, values)
  if not row then return unknown(wrong) end
  audit.add(call.team, call:who(), "form.created", "form:" .. row.uid, call.peer)
  return shape.form(call, row)
end

function api.modify(call)
  if not forms.get(call.team, call.params.uid) then return problem.not_found() end
  local values, why = values_of(call, host.null)
  if not values then return nil, why end
  values.is_archived, values.disabled = call.body.is_archived, call.body.disabled
  local row, wrong = forms.modify(call.team, call.params.uid, values)
  if not row then return unknown(wrong) end
  return shape.form(call, row)
end

function api.remove(call)
  if not forms.get(call.team, call.params.uid) then return problem.not_found() end
  forms.remove(call.team, call.params.uid)
  audit.add(call.team, call:who(), "form.removed", "form:" .. call.params.uid, call.peer)
  return { success = true }
end

-- An address in the body becomes the data request's.
function api.resend(call)
  local row = forms.get(call.team, call.params.uid)
  if not row then return problem.not_found() end
  if row.disabled then return problem.conflict("disabled", "It is disabled: its link answers no more.") end
  if call.body.customer_email then
    row = forms.modify(call.team, row.uid, { customer_email = call.body.customer_email })
  end
  if row.customer_email == "" then return problem.conflict("no_email", "It has no customer_email to send to.") end
  local sent = assert(resend.send(row, call.base))
  audit.add(call.team, call:who(), "form.sent", "form:" .. sent.uid, call.peer)
  return { success = true, form = shape.form(call, sent) }
end

return api
