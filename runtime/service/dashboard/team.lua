-- The team: its users, their roles, invitations.
local accounts = require "service.accounts"
local audit = require "service.audit"
local db = require "service.db"
local guard = require "service.dashboard.guard"
local limit = require "service.limit"
local mails = require "service.mails"
local web = require "service.web"
local team = {}

local WEEK = 7 * 86400 * 1000000 -- that an invitation holds
local ROLES = { { "member", "Member" }, { "read", "Read only" }, { "owner", "Owner" } }

local function show(c, values)
  values = values or {}
  values.rows, values.roles, values.team = accounts.users(c.team), ROLES, accounts.team(c.team)
  values.fields = values.fields or {}
  return c:page("team", "Team", values, values.problem and 400)
end

-- The link is shown once and mailed; whoever opens it chooses a password.
local function tell(c, email, token)
  local link = c.base .. "/dashboard/invite/" .. token
  mails.send(c.team, "invite", email, { link = link, company = accounts.team(c.team).name,
    words = { subject = "You are invited to {company} on Meterkey",
    text = "You can see and manage data requests of {company} from now on. Choose a password within a week:",
    action = "Join" } })
  return link
end

local function invite(c)
  local user, why = accounts.create_user(c.team, { email = c:field("email"), name = web.first(c:field("name"), 100),
    role = c:field("role") })
  if not user then return show(c, { problem = "Nobody was invited: " .. why .. ".", fields = c.request.fields }) end
  c:audit("user.invited", "user:" .. user.uid)
  return show(c, { link = tell(c, user.email, user.invitation), invited = user.email })
end

-- A new invitation for somebody who has no password yet.
local function again(c, params)
  local user = accounts.user(c.team, params.uid)
  if not user then return c:missing() end
  if user.password then return show(c, { problem = "They have joined already." }) end
  local token = host.random(18)
  db.update("users", { team = c.team, uid = user.uid }, { invite = host.hash("invite:" .. token),
    created = host.now() })
  c:audit("user.invited", "user:" .. user.uid)
  return show(c, { link = tell(c, user.email, token), invited = user.email })
end

local function last_owner(c, user) return user.role == "owner" and not user.disabled and accounts.owners(c.team) < 2 end

local function modify(c, params)
  local user, role, shut = accounts.user(c.team, params.uid), c:field("role"), c.request.fields.disabled
  if not user then return c:missing() end
  if shut == nil and not accounts.ROLES[role] then
    return show(c, { problem = "The role is owner, member or read only." })
  end
  if last_owner(c, user) and (shut == "yes" or shut == nil and role ~= "owner") then
    return show(c, { problem = "This is the last owner. Make somebody else an owner first." })
  end
  if shut ~= nil then
    accounts.modify_user(c.team, user.uid, { disabled = shut == "yes" })
  else
    accounts.modify_user(c.team, user.uid, { role = role })
  end
  c:audit(shut == "yes" and "user.disabled" or shut == "no" and "user.enabled" or "user.role." .. role,
    "user:" .. user.uid)
  return c:go("/dashboard/team", shut == "yes" and "disabled" or shut == "no" and "enabled" or "saved")
end

-- Another's second factor, for who lost their phone. One's own goes with the password alone (profile.lua): a cookie is not enough.
local function totp_off(c, params)
  local user = accounts.user(c.team, params.uid)
  if not user then return c:missing() end
  if user.uid == c.me.uid then
    return show(c, { problem = "Switch your own codes off with your password, on the page of your sign-in." })
  end
  db.update("users", { team = c.team, uid = user.uid }, { totp = db.NULL })
  c:audit("user.totp_off", "user:" .. user.uid)
  return c:go("/dashboard/team", "totp_off")
end

-- --- whoever was invited ---------------------------------------------------------------------

local function invited(token)
  local user = accounts.by_invitation(token)
  return user and not user.disabled and user.created + WEEK > host.now() and user or nil
end

local function form(request, user, token, problem, status)
  return guard.outside(request, "invite", "Join", { problem = problem, email = user.email, role = user.role,
    name = request.fields.name or user.name,
    team = accounts.team(user.team).name, action = "/dashboard/invite/" .. token }, status)
end

local function over(request)
  return guard.outside(request, "message", "Not found", { title = "This invitation is over",
    text = "It was used, taken back, or is older than a week. "
    .. "Ask whoever invited you for a new one." }, 404)
end

local function open(request, params)
  local user = invited(params.token)
  return user and form(request, user, params.token) or over(request)
end

local function join(request, params)
  local peer = web.peer(request)
  if not limit.take("invite:" .. web.network(request), 20, 600) then return over(request) end
  local user, password = invited(params.token), request.fields.password
  if not user then return over(request) end
  if not guard.before_good(request) then
    return form(request, user, params.token, "The page was too old. Please try again.", 403)
  end
  local weak = accounts.weak(password)
  if weak then return form(request, user, params.token, "The password: " .. weak .. ".", 400) end
  -- taken before anything waits: an invitation works once
  db.update("users", { team = user.team, uid = user.uid }, { invite = db.NULL,
    name = web.first(request.fields.name or "", 100) })
  audit.add(user.team, "user:" .. user.uid, "user.joined", "user:" .. user.uid, peer)
  accounts.set_password(user, password)
  return guard.enter(request, accounts.open(user, peer), "/dashboard")
end

function team.add(router)
  router:add("GET", "/dashboard/team", guard.page("team", function(c) return show(c) end))
  router:add("POST", "/dashboard/team", guard.change("team", "owner", invite))
  router:add("POST", "/dashboard/team/:uid/invite", guard.change("team", "owner", again))
  router:add("POST", "/dashboard/team/:uid/change", guard.change("team", "owner", modify))
  router:add("POST", "/dashboard/team/:uid/totp-off", guard.change("team", "owner", totp_off))
  router:add("GET", "/dashboard/invite/:token", open)
  router:add("POST", "/dashboard/invite/:token", join)
end

return team
