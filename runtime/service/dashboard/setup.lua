-- The first start: whoever reads the service's log makes the first team and its owner.
local accounts = require "service.accounts"
local audit = require "service.audit"
local guard = require "service.dashboard.guard"
local limit = require "service.limit"
local settings = require "service.settings"
local templates = require "service.templates"
local web = require "service.web"
local setup = {}

local announced = false

-- Logs a one-time token while there is no user; a new one at each start. The store has its hash.
function setup.announce()
  if announced or accounts.any_user() then return end
  announced = true
  local token = host.random(18)
  settings.set("setup_token", host.hash("setup:" .. token))
  host.log("warn", "no user yet: open /setup?token=" .. token, "setup")
end

local function form(request, problem, status)
  local fields = request.fields
  return guard.outside(request, "setup", "Set up", { problem = problem,
    token = fields.token or request.query.token or "",
    company = fields.company or "", name = fields.name or "", email = fields.email or "" }, status)
end

local function show(request)
  if accounts.any_user() then return web.redirect("/dashboard") end
  setup.announce()
  return form(request)
end

local function allowed(token) return guard.same(settings.get("setup_token"), host.hash("setup:" .. (token or ""))) end

local function make(request)
  if accounts.any_user() then return web.redirect("/dashboard") end
  local fields, peer = request.fields, web.peer(request)
  if not guard.before_good(request) then return form(request, "The page was too old. Please try again.", 403) end
  if not limit.take("setup:" .. web.network(request), 10, 600) then return form(request, "Too many tries. Wait some minutes.", 429) end
  if not allowed(fields.token) then
    return form(request, "The setup token is wrong. It stands in the service's log.", 403)
  end
  local company = (fields.company or ""):gsub("^%s+", ""):gsub("%s+$", "")
  if not tostring(fields.email):find("^%s*[^%s@]+@[^%s@]+%s*$") then
    return form(request, "That is no e-mail address.", 400)
  end
  if company == "" or utf8.len(company) > 100 then
    return form(request, "What is the company called, in at most 100 letters?", 400)
  end
  local weak = accounts.weak(fields.password)
  if weak then return form(request, "The password: " .. weak .. ".", 400) end
  settings.set("setup_token", nil) -- before anything waits: it works once
  local team = accounts.create_team(company)
  local user, why = accounts.create_user(team, { email = fields.email, name = web.first(fields.name or "", 100),
    role = "owner" })
  assert(user, why)
  templates.create(team, { company_name = company, user = user.uid })
  audit.add(team, "user:" .. user.uid, "team.created", "team:" .. team, peer)
  accounts.set_password(user, fields.password)
  return guard.enter(request, accounts.open(user, peer), "/dashboard")
end

function setup.add(router)
  router:add("GET", "/setup", show)
  router:add("POST", "/setup", make)
end

return setup
