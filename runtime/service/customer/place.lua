-- What a link leads to: a data request with its template, or a template alone (its base_url).
local forms = require "service.forms"
local limit = require "service.limit"
local templates = require "service.templates"
local view = require "service.customer.view"
local web = require "service.web"
local place = {}

-- Links that lead nowhere: few of them from one address.
local WRONG, WRONG_SECONDS = 60, 600

-- {path, scope (what forms are guarded by), form, template}; or nil and the page that says so.
function place.of_token(request, token)
  local form = forms.by_token(token)
  local template = form and templates.get(form.team, form.template)
  if template then return { path = "/f/" .. token, scope = token, form = form, template = template } end
  local calm = limit.take("nowhere:" .. web.network(request), WRONG, WRONG_SECONDS)
  return nil, view.plain_page(request, {}, calm and 404 or 429, "missing")
end

function place.of_portal(request, portal)
  local template = templates.by_portal(portal)
  if template and not template.disabled then return { path = "/authorize/" .. portal, scope = "portal:" .. portal, template = template } end
  return nil, view.plain_page(request, {}, 404, "missing")
end

-- A data request for whoever came by the template's base_url. -> its place; nil: the template is closed.
function place.begin(at)
  local form = forms.create(at.template.team, { template_uid = at.template.uid, user = at.template.user, portal = true })
  if not form then return nil end
  local token = forms.token(form)
  return { path = "/f/" .. token, scope = token, form = form, template = at.template }
end

-- --- the way back (utilityapi v2, section 5) -------------------------------------------------

local function listed(template, uri)
  if not uri:find("^[%w+.-]+:") or uri:find("[%c%s\"<>]") then return false end
  local scheme = uri:match("^[%w+.-]+"):lower()
  if scheme == "javascript" or scheme == "data" or scheme == "vbscript" then return false end
  for _, one in ipairs(template.redirect_uris) do
    if one == uri then return true end
  end
  return false
end

-- Whether the address to return to that the link names is one of the template's. None named is fine.
function place.return_allowed(request, at)
  local uri = request.query.redirect_uri
  return not uri or uri == "" or listed(at.template, uri)
end

-- The address to return to with what happened, or nil. result: {referral, error, error_description}.
function place.return_to(request, at, result)
  local uri = request.query.redirect_uri
  if not uri or uri == "" then uri = request.query.go and at.template.redirect_uris[1] end
  if not uri or not listed(at.template, uri) then return nil end
  local base, fragment = uri:match("^([^#]*)(.*)$")
  local values = { referral = result.referral, error = result.error, error_description = result.error_description, state = request.query.state }
  local added = view.query(values)
  if base:find("?", 1, true) then added = added:gsub("^%?", "&") end
  return base .. added .. fragment
end

-- Whether a page that is over goes there by itself: what was sent began in this browser, and nobody said noredirect.
function place.returns(request) return request.query.go ~= nil and request.query.noredirect ~= "1" end

return place
