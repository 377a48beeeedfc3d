-- Sign-in and sign-out of the dashboard.
local accounts = require "service.accounts"
local audit = require "service.audit"
local guard = require "service.dashboard.guard"
local limit = require "service.limit"
local setup = require "service.dashboard.setup"
local web = require "service.web"
local login = {}

-- Of one address; an account rests by itself after five wrong passwords (service.accounts).
local TRIES, SECONDS = 20, 600

local PROBLEMS = {
  wrong = "E-mail or password is wrong.", locked = "Too many wrong tries. Signing in with this e-mail rests for a quarter of an hour.",
  totp = "Please enter the code of your app, too.",
  totp_wrong = "That code is wrong or was used already. Wait for the next one.",
}

-- A path of the dashboard's, nothing else: no link may lead elsewhere.
local function safe(to)
  return type(to) == "string" and to:find("^/dashboard[%w/_-]*$") and not to:find("//", 1, true) and to or "/dashboard"
end

local function form(request, problem, status)
  return guard.outside(request, "sign-in", "Sign in", { problem = problem, email = request.fields.email or "",
    to = safe(request.fields.to or
    request.query.to) }, status)
end

local function show(request)
  if not accounts.any_user() then return web.redirect("/setup") end
  return form(request)
end

local function record(user, request, what)
  if user then audit.add(user.team, "user:" .. user.uid, what, "user:" .. user.uid, web.peer(request)) end
end

local function try(request)
  if not guard.before_good(request) then return form(request, "The page was too old. Please try again.", 403) end
  local peer, fields = web.peer(request), request.fields
  local free, seconds = limit.take("sign-in:" .. web.network(request), TRIES, SECONDS)
  if not free then
    return form(request, ("Too many tries from your address. Try again in %d min."):format((seconds + 59) // 60), 429)
  end
  local cookie, user = accounts.login(fields.email, fields.password, fields.totp, peer)
  if not cookie then
    if user ~= "totp" then record(accounts.by_email(fields.email), request, "user.sign_in_refused") end
    return form(request, PROBLEMS[user], 403)
  end
  record(user, request, "user.signed_in")
  return guard.enter(request, cookie, safe(fields.to))
end

local function leave(c)
  accounts.close(c.user)
  c:audit("user.signed_out", "user:" .. c.me.uid)
  return web.redirect("/dashboard/sign-in?said=signed_out",
    { ["Set-Cookie"] = web.cookie(guard.COOKIE, "", { max_age = 0, secure = web.secure(c.request) }) })
end

function login.add(router)
  local function home()
    if not accounts.any_user() then
      setup.announce()
      return web.redirect("/setup")
    end
    return web.redirect("/dashboard")
  end
  router:add("GET", "/", home)
  router:add("GET", "/dashboard", guard.page("requests", function() return web.redirect("/dashboard/requests") end))
  router:add("GET", "/dashboard/sign-in", show)
  router:add("POST", "/dashboard/sign-in", try)
  router:add("POST", "/dashboard/sign-out", guard.change(nil, "read", leave))
end

return login
