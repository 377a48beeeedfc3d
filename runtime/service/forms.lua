-- Data requests: links that are sent to customers (utilityapi v2, section 3.1: forms).
local db = require "service.db"
local events = require "service.events"
local templates = require "service.templates"
local timeline = require "service.timeline"
local forms = {}

local DAY = 86400 * 1000000

local function read(row)
  if not row then return nil end
  row.scope = db.json(row.scope)
  row.is_archived, row.disabled = row.is_archived == 1, row.disabled == 1
  return row
end

-- What the store holds of a link's token: nothing that opens it.
local function link_of(token) return host.hash("link:" .. token) end

-- values: {template_uid, authorization_uid, customer_email, utility, scope, user, language, current, portal (begun at a template's
-- base_url)}; all may be absent.
-- -> the form; or nil and which value is wrong. One that reauthorizes has what it knows of the authorization filled in.
function forms.create(team, values)
  local template = values.template_uid and templates.get(team, values.template_uid)
  if values.template_uid and (not template or template.disabled) then return nil, "template_uid" end
  template = template or templates.newest(team)
  if not template then return nil, "template_uid" end
  local email, utility = values.customer_email, values.utility
  if values.authorization_uid then
    local old = db.row("SELECT customer_email, utility FROM authorizations WHERE team = ?1 AND uid = ?2", team, values.authorization_uid)
    if not old then return nil, "authorization_uid" end
    email, utility = email or old.customer_email, utility or old.utility
  end
  local now, uid, token = host.now(), host.uid(), host.random(18)
  db.insert("forms", { team = team, uid = uid, template = template.uid, authorization = values.authorization_uid, user = values.user,
    customer_email = email or "", utility = utility, scope = values.scope or {}, link = link_of(token), token = host.seal("link", token),
    current = values.current or values.authorization_uid, language = values.language,
    portal = values.portal and 1 or 0, expires = now + host.config.form_days * DAY,
    created = now, updated = now })
  events.emit(team, "form_created", { form = uid })
  timeline.add(team, { form = uid }, "created", { email = email, utility = utility })
  return forms.get(team, uid)
end

function forms.get(team, uid) return read(db.row("SELECT * FROM forms WHERE team = ?1 AND uid = ?2", team, uid)) end

-- By what stands in its link.
function forms.by_token(token) return read(db.row("SELECT * FROM forms WHERE link = ?1", link_of(token))) end

function forms.token(form) return host.unseal("link", form.token) end

-- What is sent to the customer. base: web.base(request).
function forms.url(base, form) return base .. "/f/" .. forms.token(form) end

-- filter: {uids, users, templates, is_archived, after, limit} -> rows, next uid, whether only so far was looked.
function forms.list(team, filter)
  local where = {}
  for column, list in pairs { uid = filter.uids or false, user = filter.users or false, template = filter.templates or false } do
    if list then where[#where + 1] = { column, list } end
  end
  if filter.is_archived ~= nil then where[#where + 1] = { "is_archived", filter.is_archived and 1 or 0 } end
  local rows, after, partly = db.page { table = "forms", team = team, after = filter.after, limit = filter.limit, cursor = filter.cursor, where = where }
  for _, row in ipairs(rows) do read(row) end
  return rows, after, partly
end

-- changes: {is_archived, disabled, template_uid, authorization_uid, customer_email, utility, scope, language}; absent: unchanged; db.NULL empties
-- utility and authorization_uid. -> the form, or nil and which value is wrong.
function forms.modify(team, uid, changes)
  local values = { updated = host.now(), customer_email = changes.customer_email, utility = changes.utility, scope = changes.scope,
    language = changes.language }
  for _, name in ipairs { "is_archived", "disabled" } do
    if changes[name] ~= nil then values[name] = changes[name] and 1 or 0 end
  end
  if changes.template_uid then
    if not templates.get(team, changes.template_uid) then return nil, "template_uid" end
    values.template = changes.template_uid
  end
  if changes.authorization_uid and changes.authorization_uid ~= db.NULL then
    if not db.row("SELECT 1 AS there FROM authorizations WHERE team = ?1 AND uid = ?2", team, changes.authorization_uid) then
      return nil, "authorization_uid"
    end
  end
  values.authorization = changes.authorization_uid
  db.update("forms", { team = team, uid = uid }, values)
  return forms.get(team, uid)
end

-- A new link for a data request whose old one is over: it inherits what the old one stood for.
function forms.again(team, form)
  local new = assert(forms.create(team, { customer_email = form.customer_email, utility = form.utility, scope = form.scope,
    authorization_uid = form.authorization, user = form.user, language = form.language, current = form.current,
    portal = form.portal == 1 }))
  db.update("forms", { team = team, uid = form.uid }, { disabled = 1, updated = host.now() })
  return new
end

function forms.remove(team, uid) db.run("DELETE FROM forms WHERE team = ?1 AND uid = ?2", team, uid) end

return forms
