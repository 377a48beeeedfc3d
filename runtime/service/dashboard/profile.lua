-- One's own sign-in: the password, codes of an app.
local accounts = require "service.accounts"
local db = require "service.db"
local guard = require "service.dashboard.guard"
local limit = require "service.limit"
local web = require "service.web"
local profile = {}

local BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

-- 160 random bits as authenticator apps take them: 5 of each character of base64url, which are 6 even ones.
local function fresh_secret()
  local ALPHABET, text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", {}
  local random = host.random(24)
  for i = 1, 32 do
    local at = (ALPHABET:find(random:sub(i, i), 1, true) - 1) & 31
    text[i] = BASE32:sub(at + 1, at + 1)
  end
  return table.concat(text)
end

local function show(c, values)
  return c:page("profile", "Your sign-in", values or {}, values and values.problem and 400)
end

-- The own password once more, tried no faster than a sign-in. Waits. -> true; or false and what to say.
local function confirmed(c)
  if not limit.take("confirm:" .. c.me.uid, 10, 600) then return false, "Too many tries. Wait some minutes." end
  if not host.password_check(c.user.password, c.request.fields.password or "") then
    return false, "The password is wrong."
  end
  return true
end

local function password(c)
  local good, why = confirmed(c)
  if not good then return show(c, { problem = why }) end
  local done, problem = accounts.set_password(c.user, c.request.fields.new, c.user.login)
  if not done then return show(c, { problem = problem }) end
  c:audit("user.password", "user:" .. c.me.uid)
  return c:go("/dashboard/profile", "password")
end

-- The secret waits in the form, sealed for this user, until a code shows that the app has it.
local function offer(c, secret, problem)
  local label = web.percent("Meterkey:" .. c.me.email)
  return c:page("totp", "Codes of an app", { problem = problem, secret = (secret:gsub("....", "%0 ")):gsub(" $", ""),
    url = ("otpauth://totp/%s?secret=%s&issuer=Meterkey"):format(label, secret),
    sealed = host.seal("totp.offer", { secret = secret, user = c.me.uid,
      till = host.now() + 3600 * 1000000 }).b64 }, problem and 400)
end

local function begin(c)
  local good, why = confirmed(c)
  if not good then return show(c, { problem = why }) end
  return offer(c, fresh_secret())
end

local function finish(c)
  local opened, value = pcall(host.unseal, "totp.offer", { b64 = c.request.fields.sealed or "" })
  if not opened or value.user ~= c.me.uid or value.till < host.now() then
    return show(c, { problem = "That took too long. Please begin again." })
  end
  if not limit.take("confirm:" .. c.me.uid, 10, 600) then
    return show(c, { problem = "Too many tries. Wait some minutes." })
  end
  local step = host.totp_check(value.secret, (c:field("code"):gsub("%s", "")), 0)
  if not step then return offer(c, value.secret, "That code does not fit. Is the clock of your device right?") end
  db.update("users", { team = c.team, uid = c.me.uid }, { totp = host.seal("totp", value.secret), totp_step = step })
  c:audit("user.totp_on", "user:" .. c.me.uid)
  return c:go("/dashboard/profile", "totp_on")
end

local function off(c)
  local good, why = confirmed(c)
  if not good then return show(c, { problem = why }) end
  db.update("users", { team = c.team, uid = c.me.uid }, { totp = db.NULL })
  c:audit("user.totp_off", "user:" .. c.me.uid)
  return c:go("/dashboard/profile", "totp_off")
end

function profile.add(router)
  router:add("GET", "/dashboard/profile", guard.page("profile", function(c) return show(c) end))
  for path, handler in pairs { ["password"] = password, ["totp"] = begin, ["totp/confirm"] = finish,
    ["totp/off"] = off } do
    router:add("POST", "/dashboard/profile/" .. path, guard.change("profile", "read", handler))
  end
end

return profile
