-- Templates: what a team's data requests look like, where they lead back to, who may frame them.
local guard = require "service.dashboard.guard"
local templates = require "service.templates"
local shown = {}

-- The lines of a text area; nil and the first that is none of these.
local function lines(text, good)
  local out = {}
  for line in text:gmatch("[^\r\n]+") do
    line = line:gsub("^%s+", ""):gsub("%s+$", "")
    if line ~= "" then
      if #line > 2000 or not good(line) then return nil, line end
      out[#out + 1] = line
    end
  end
  return out
end

local function is_url(text)
  return not text:find("[%s\"'<>]") and (text:find("^https://[%w%-.]+") or text:find("^http://localhost[:/]")
    or text:find("^http://127%.0%.0%.1[:/]")) ~= nil
end

local function is_origin(text)
  return text:find("^https://[%w%-.*]+$") ~= nil or text:find("^https://[%w%-.*]+:%d+$") ~= nil
    or text:find("^http://localhost:?%d*$") ~= nil
end

-- What the form says; or nil and what is wrong with it.
local function values_of(c)
  local name, logo = c:field("company_name"), c:field("company_logo")
  if name == "" or utf8.len(name) > 100 then return nil, "What is the company called, in at most 100 letters?" end
  if logo ~= "" and not (is_url(logo) and logo:find("^https:") and #logo <= 2000) then
    return nil, "The logo has to be a full https:// URL."
  end
  local offer = c:field("mfa_impossible")
  if utf8.len(offer) > 500 then return nil, "What customers read if MFA cannot be switched off has 500 letters at most." end
  local redirects, bad = lines(c.request.fields.redirect_uris or "", is_url)
  if not redirects then return nil, ("'%s' is no address to lead back to: https:// is needed."):format(bad) end
  local frames, worse = lines(c.request.fields.frame_ancestors or "", is_origin)
  if not frames then
    return nil, ("'%s' is no origin: it looks like https://www.example.org, without a path."):format(worse)
  end
  return { company_name = name, company_logo = logo, redirect_uris = redirects, frame_ancestors = frames,
    settings = { mfa_impossible = offer ~= "" and offer or nil } }
end

local function list(c, values)
  values = values or {}
  values.rows, values.fields, values.base = templates.list(c.team, {}), values.problem and c.request.fields or {},
    c.base
  return c:page("templates", "Templates", values, values.problem and 400)
end

local function create(c)
  local values, why = values_of(c)
  if not values then return list(c, { problem = why }) end
  values.user = c.me.uid
  local row = templates.create(c.team, values)
  c:audit("template.created", "template:" .. row.uid)
  return c:go("/dashboard/templates/" .. row.uid, "created")
end

local function show(c, params, problem)
  local row = templates.get(c.team, params.uid)
  if not row then return c:missing() end
  local fields = problem and c.request.fields or { company_name = row.company_name, company_logo = row.company_logo,
    redirect_uris = table.concat(row.redirect_uris, "\n"), frame_ancestors = table.concat(row.frame_ancestors, "\n"),
    mfa_impossible = row.settings and row.settings.mfa_impossible or "" }
  return c:page("template", "Template " .. row.company_name, { row = row, fields = fields, problem = problem,
    base = c.base }, problem and 400)
end

local function modify(c, params)
  local row = templates.get(c.team, params.uid)
  if not row then return c:missing() end
  local values, why = values_of(c)
  if not values then return show(c, params, why) end
  for name, value in pairs(row.settings or {}) do
    if name ~= "mfa_impossible" then values.settings[name] = value end
  end
  templates.modify(c.team, params.uid, values)
  c:audit("template.changed", "template:" .. params.uid)
  return c:go("/dashboard/templates/" .. params.uid, "saved")
end

local function switch(c, params)
  local row = templates.get(c.team, params.uid)
  if not row then return c:missing() end
  templates.modify(c.team, row.uid, { disabled = not row.disabled })
  c:audit(row.disabled and "template.enabled" or "template.disabled", "template:" .. row.uid)
  return c:go("/dashboard/templates/" .. row.uid, row.disabled and "enabled" or "disabled")
end

function shown.add(router)
  router:add("GET", "/dashboard/templates", guard.page("templates", function(c) return list(c) end))
  router:add("POST", "/dashboard/templates", guard.change("templates", "member", create))
  router:add("GET", "/dashboard/templates/:uid", guard.page("templates", show))
  router:add("POST", "/dashboard/templates/:uid", guard.change("templates", "member", modify))
  router:add("POST", "/dashboard/templates/:uid/switch", guard.change("templates", "member", switch))
end

return shown
