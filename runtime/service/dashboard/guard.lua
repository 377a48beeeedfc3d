-- Who may see and do what on the dashboard: the sign-in, CSRF, roles, the audit log.
local accounts = require "service.accounts"
local audit = require "service.audit"
local db = require "service.db"
local view = require "service.dashboard.view"
local web = require "service.web"
local guard = {}

guard.COOKIE = "meterkey_session"
local RANK = { read = 1, member = 2, owner = 3 }

local Context = {}
Context.__index = Context

-- A page in the frame. values.problem is shown above it.
function Context:page(name, title, values, status)
  return view.page(name, { title = title, nav = self.nav, me = self.me, csrf = self.csrf, request = self.request,
    status = status }, values)
end

function Context.go(_, path, said)
  return web.redirect(path .. (said and (path:find("?", 1, true) and "&" or "?") .. "said=" .. said or ""))
end

-- The same for what is not there and for what is another team's.
function Context:missing()
  return self:page("message", "Not found", { title = "Not found", text = "There is nothing here, or not any more.",
    back = "/dashboard" }, 404)
end

function Context:refused(text)
  return self:page("message", "Not allowed", { title = "Not allowed", text = text, back = "/dashboard" }, 403)
end

function Context:audit(what, target)
  audit.add(self.team, "user:" .. self.me.uid, what, target, web.peer(self.request))
end

function Context:may(role) return RANK[self.me.role] >= RANK[role] end

-- A field of the form without blanks around it; "" if it is not there.
function Context:field(name) return ((self.request.fields[name] or ""):gsub("^%s+", ""):gsub("%s+$", "")) end

-- The team that was there first runs this installation: adapters are its own.
local function operator(team)
  local first = db.row("SELECT team FROM teams ORDER BY created, team LIMIT 1")
  return first and first.team == team
end

local function context(request, nav)
  local user = accounts.by_cookie(request.cookies[guard.COOKIE])
  if not user then return nil end
  local me = { uid = user.uid, email = user.email, name = user.name, role = user.role, totp = user.totp ~= nil }
  me.change, me.own = RANK[me.role] >= RANK.member, me.role == "owner"
  me.operate = me.own and operator(user.team)
  return setmetatable({ request = request, team = user.team, me = me, csrf = user.csrf, user = user, nav = nav,
    base = web.base(request) }, Context)
end

local function to_sign_in(request)
  return web.redirect("/dashboard/sign-in" .. view.query { to = request.path ~= "/dashboard" and request.path or nil })
end

-- A page for whoever is signed in: handler(context, params). nav: its entry in the menu.
function guard.page(nav, handler)
  return function(request, params)
    local c = context(request, nav)
    if not c then return to_sign_in(request) end
    return handler(c, params)
  end
end

-- Compared by hashes: how long it takes says nothing.
function guard.same(a, b)
  return type(a) == "string" and type(b) == "string" and a ~= "" and host.hash(a) == host.hash(b)
end

-- A change: signed in, of this page (CSRF), and allowed for this role ("read" for what concerns oneself; "operate" for
-- adapters).
function guard.change(nav, role, handler)
  return function(request, params)
    local c = context(request, nav)
    if not c then return to_sign_in({ path = "/dashboard" }) end
    if not guard.same(request.fields.csrf, c.csrf) then
      return c:refused("This form was not sent from a page of yours. Nothing was changed; go back, reload the page and "
        .. "try again.")
    end
    if role == "operate" and not c.me.operate then
      return c:refused("Only an owner of the team that runs this installation may do that.")
    end
    if role ~= "operate" and not c:may(role) then
      return c:refused("Your role does not allow that. Ask an owner of your team.")
    end
    return handler(c, params)
  end
end

-- --- pages before a sign-in: the form's token goes with a cookie of its own ------------------------

local BEFORE = "meterkey_form"

-- The token for a form, and headers that set its cookie.
function guard.before(request)
  local text = request.cookies[BEFORE]
  if not text or not text:find("^[%w_-]+$") or #text > 64 then text = host.random(18) end
  return host.hash("before:" .. text), { ["Set-Cookie"] = web.cookie(BEFORE, text,
    { secure = web.secure(request), same_site = "Strict" }) }
end

function guard.before_good(request)
  local text = request.cookies[BEFORE]
  return text ~= nil and text ~= "" and guard.same(request.fields.csrf, host.hash("before:" .. text))
end

-- A page before a sign-in.
function guard.outside(request, name, title, values, status)
  local csrf, headers = guard.before(request)
  return view.page(name, { title = title, csrf = csrf, request = request, status = status, headers = headers }, values)
end

-- Signs the browser in and goes on.
function guard.enter(request, cookie, to)
  return web.redirect(to, { ["Set-Cookie"] = web.cookie(guard.COOKIE, cookie, { secure = web.secure(request) }) })
end

return guard
