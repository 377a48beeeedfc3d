-- What `meterkey user` and `meterkey token` do, in the store. Each returns {ok = text} or {error = text}.
local accounts = require "service.accounts"
local audit = require "service.audit"
local clock = require "service.clock"
local db = require "service.db"
local templates = require "service.templates"
local command = {}

local run = {}

-- The team of that name, made if there is none of it and may be made.
local function team_of(name, make)
  local found = db.rows("SELECT team FROM teams WHERE name = ?1", name)
  if #found == 1 then return found[1].team end
  if #found > 1 then return nil, "there are several teams of that name" end
  if not make then return nil, ("there is no team '%s'"):format(name) end
  local team = accounts.create_team(name)
  templates.create(team, { company_name = name })
  return team
end

run["user add"] = function(m)
  local team, why = team_of(m.team, true)
  if not team then return { error = why } end
  local user, problem = accounts.create_user(team, { email = m.email, role = m.role, password = m.password })
  if not user then return { error = problem } end
  db.run("UPDATE templates SET user = ?2 WHERE team = ?1 AND user IS NULL", team, user.uid) -- the team's first, made before
  audit.add(team, "operator", "user.created", "user:" .. user.uid)
  return { ok = ("%s is %s of '%s'"):format(user.email, user.role, m.team) }
end

run["user list"] = function()
  local rows = db.rows("SELECT u.email, u.role, u.disabled, t.name AS team FROM users u JOIN teams t ON t.team = u.team ORDER BY t.name, u.email")
  return { rows = host.array(rows) }
end

run["user password"] = function(m)
  local user = accounts.by_email(m.email)
  if not user then return { error = "there is no such user" } end
  local done, why = accounts.set_password(user, m.password)
  if not done then return { error = why } end
  audit.add(user.team, "operator", "user.password", "user:" .. user.uid)
  return { ok = "the password is changed; all logins have ended" }
end

local function disable(m, disabled)
  local user = accounts.by_email(m.email)
  if not user then return { error = "there is no such user" } end
  accounts.modify_user(user.team, user.uid, { disabled = disabled })
  audit.add(user.team, "operator", disabled and "user.disabled" or "user.enabled", "user:" .. user.uid)
  return { ok = user.email .. (disabled and " is shut out, with the tokens they made" or " may sign in again, and their tokens work") }
end

run["user disable"] = function(m) return disable(m, true) end
run["user enable"] = function(m) return disable(m, false) end

run["token create"] = function(m)
  local team, why = team_of(m.team, false)
  if not team then return { error = why } end
  local scopes = m.read_only and "read" or m.operator and "read write operator" or "read write"
  local owner = db.row("SELECT uid FROM users WHERE team = ?1 AND role = 'owner' ORDER BY created LIMIT 1", team)
  local text, row = accounts.create_token(team, owner and owner.uid, m.name, scopes)
  audit.add(team, "operator", "token.created", "token:" .. row.uid)
  return { ok = text }
end

run["token list"] = function()
  local rows = db.rows([[SELECT k.uid, t.name AS team, k.name, k.start, k.scopes, k.created, k.used, k.revoked FROM tokens k
    JOIN teams t ON t.team = k.team ORDER BY t.name, k.created]])
  for _, row in ipairs(rows) do
    row.created, row.used, row.revoked = clock.iso(row.created), clock.iso(row.used), clock.iso(row.revoked)
  end
  return { rows = host.array(rows) }
end

run["token revoke"] = function(m)
  local row = db.row("SELECT team, uid FROM tokens WHERE uid = ?1", m.uid)
  if not row then return { error = "there is no such token" } end
  accounts.revoke_token(row.team, row.uid)
  audit.add(row.team, "operator", "token.revoked", "token:" .. row.uid)
  return { ok = "it is revoked" }
end

function command.run(m)
  local act = run[m.command]
  if not act then return { error = "there is no such command" } end
  return act(m)
end

return command
