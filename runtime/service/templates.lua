-- Templates: what a team's data requests look like to its customers (utilityapi v2, section 3.3).
local db = require "service.db"
local templates = {}

local function read(row)
  if not row then return nil end
  row.redirect_uris, row.frame_ancestors, row.settings = db.json(row.redirect_uris), db.json(row.frame_ancestors), db.json(row.settings)
  row.disabled = row.disabled == 1
  return row
end

function templates.get(team, uid) return read(db.row("SELECT * FROM templates WHERE team = ?1 AND uid = ?2", team, uid)) end

-- By the last part of its link.
function templates.by_portal(portal) return read(db.row("SELECT * FROM templates WHERE portal = ?1", portal)) end

-- The newest that is enabled: what a data request without one gets.
function templates.newest(team)
  return read(db.row("SELECT * FROM templates WHERE team = ?1 AND disabled = 0 ORDER BY created DESC, uid DESC LIMIT 1", team))
end

-- filter: {uids, disabled, after, limit} -> rows, next uid.
function templates.list(team, filter)
  local where = {}
  if filter.uids then where[#where + 1] = { "uid", filter.uids } end
  if filter.disabled ~= nil then where[#where + 1] = { "disabled", filter.disabled and 1 or 0 } end
  local rows, after = db.page { table = "templates", team = team, after = filter.after, limit = filter.limit, where = where }
  for _, row in ipairs(rows) do read(row) end
  return rows, after
end

-- A free name for the link, made of the company's.
local function free_portal(name)
  local base = name:lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", ""):sub(1, 40)
  if base == "" then base = "team" end
  local portal, n = base, 1
  while db.row("SELECT 1 AS taken FROM templates WHERE portal = ?1", portal) do
    n = n + 1
    portal = base .. "-" .. n
  end
  return portal
end

-- values: {company_name, company_logo, redirect_uris, frame_ancestors, settings, user} -> the template.
function templates.create(team, values)
  local now, uid = host.now(), host.uid()
  db.insert("templates", { team = team, uid = uid, user = values.user, portal = free_portal(values.company_name), company_name = values.company_name,
    company_logo = values.company_logo, redirect_uris = host.array(values.redirect_uris or {}),
    frame_ancestors = host.array(values.frame_ancestors or {}), settings = values.settings or {}, created = now, updated = now })
  return templates.get(team, uid)
end

-- changes: the same names, and disabled.
function templates.modify(team, uid, changes)
  local values = { updated = host.now() }
  for _, name in ipairs { "company_name", "company_logo", "settings" } do values[name] = changes[name] end
  for _, name in ipairs { "redirect_uris", "frame_ancestors" } do
    if changes[name] then values[name] = host.array(changes[name]) end
  end
  if changes.disabled ~= nil then values.disabled = changes.disabled and 1 or 0 end
  db.update("templates", { team = team, uid = uid }, values)
  return templates.get(team, uid)
end

return templates
