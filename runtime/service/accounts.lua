-- Teams, their users, logins of the dashboard and tokens of the API.
local db = require "service.db"
local streams = require "service.streams"
local accounts = {}

local MINUTE, DAY = 60 * 1000000, 86400 * 1000000
local TRIES, REST = 5, 15 * MINUTE -- wrong passwords in a row, and how long an account then rests

accounts.ROLES = { owner = true, member = true, read = true }

-- --- teams and users --------------------------------------------------------------------------

function accounts.create_team(name)
  local team = host.uid()
  db.insert("teams", { team = team, name = name, created = host.now() })
  return team
end

function accounts.team(team) return db.row("SELECT * FROM teams WHERE team = ?1", team) end
function accounts.any_user() return db.row("SELECT 1 AS there FROM users LIMIT 1") ~= nil end

-- What is wrong with a password, or nil.
function accounts.weak(password)
  if type(password) ~= "string" or #password < 10 then return "at least 10 characters are needed" end
  if #password > 200 then return "at most 200 characters are taken" end
  return nil
end

-- values: {email, name, role, password (may be absent: they set one by the invitation)}. Waits for the hash. -> user; or nil and why.
function accounts.create_user(team, values)
  local email = (values.email or ""):lower():gsub("^%s+", ""):gsub("%s+$", "")
  if not email:find("^[^%s@]+@[^%s@]+$") or #email > 254 then return nil, "that is no e-mail address" end
  if not accounts.ROLES[values.role or "member"] then return nil, "the role is owner, member or read" end
  local weak = values.password and accounts.weak(values.password)
  if weak then return nil, "the password: " .. weak end
  local hash = values.password and host.password_hash(values.password)
  if db.row("SELECT 1 AS there FROM users WHERE email = ?1", email) then return nil, "there is a user with this e-mail address already" end
  local uid, invite = host.uid(), not hash and host.random(18) or nil
  db.insert("users", { team = team, uid = uid, email = email, name = values.name or "", role = values.role or "member", password = hash,
    invite = invite and host.hash("invite:" .. invite), created = host.now() })
  local user = accounts.user(team, uid)
  user.invitation = invite
  return user
end

function accounts.user(team, uid) return db.row("SELECT * FROM users WHERE team = ?1 AND uid = ?2", team, uid) end
function accounts.users(team) return db.rows("SELECT * FROM users WHERE team = ?1 ORDER BY email", team) end
function accounts.by_email(email) return db.row("SELECT * FROM users WHERE email = ?1", (email or ""):lower()) end
function accounts.by_invitation(text) return db.row("SELECT * FROM users WHERE invite = ?1", host.hash("invite:" .. text)) end

-- How many can still manage the team: the last owner is not taken away.
function accounts.owners(team)
  return db.row("SELECT count(*) AS n FROM users WHERE team = ?1 AND role = 'owner' AND disabled IS NULL", team).n
end

-- Waits. Ends all logins of the user but the one kept (a hash of logins, or nil). -> true; or nil and why.
function accounts.set_password(user, password, kept)
  local weak = accounts.weak(password)
  if weak then return nil, "the password: " .. weak end
  local hash = host.password_hash(password)
  db.update("users", { team = user.team, uid = user.uid }, { password = hash, invite = db.NULL, failed = 0, locked_until = 0 })
  db.run("DELETE FROM logins WHERE team = ?1 AND user = ?2 AND hash <> ?3", user.team, user.uid, kept or "")
  streams.check()
  return true
end

-- changes: {role, name, disabled}
function accounts.modify_user(team, uid, changes)
  local values = { role = changes.role, name = changes.name }
  if changes.disabled ~= nil then
    values.disabled = changes.disabled and host.now() or db.NULL
    if changes.disabled then db.run("DELETE FROM logins WHERE team = ?1 AND user = ?2", team, uid) end
  end
  if next(values) then db.update("users", { team = team, uid = uid }, values) end
  if changes.disabled then streams.check() end
end

-- --- logins -------------------------------------------------------------------------------------

-- A hash that no password has: whoever is not there costs the same time as whoever is.
local NOBODY = "$argon2id$v=19$m=65536,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$0000000000000000000000000000000000000000000"

-- What stands for an address that nobody has: it rests as an account does, so that nothing tells the two apart.
local function stranger(email)
  local key = host.hash("sign-in:" .. (email or ""):lower())
  local row = db.row("SELECT failures AS failed, locked_until FROM attempts WHERE credential = ?1", key)
  return { key = key, failed = row and row.failed or 0, locked_until = row and row.locked_until or 0 }
end

local function failed(user)
  local count = user.failed + 1
  local till = count % TRIES == 0 and host.now() + REST or user.locked_until
  if user.uid then
    db.update("users", { team = user.team, uid = user.uid }, { failed = count, locked_until = till })
  else
    db.run([[INSERT INTO attempts (credential, utility, failures, last, locked_until) VALUES (?1, 'sign-in', ?2, ?3, ?4)
      ON CONFLICT (credential) DO UPDATE SET failures = ?2, last = ?3, locked_until = ?4]], user.key, count, host.now(), till)
  end
end

-- Waits. -> the cookie's text, user; or nil and a code: "wrong", "locked", "totp" (a code is wanted), "totp_wrong".
function accounts.login(email, password, totp, peer)
  local user = accounts.by_email(email)
  local good = host.password_check(user and user.password or NOBODY, password or "")
  user = user and accounts.user(user.team, user.uid) -- it may have changed meanwhile
  local who = user or stranger(email)
  if who.locked_until > host.now() then return nil, "locked" end
  if not user or user.disabled or not user.password or not good then
    failed(who)
    return nil, "wrong"
  end
  if user.totp then
    if not totp or totp == "" then return nil, "totp" end
    local step = host.totp_check(host.unseal("totp", user.totp), (totp:gsub("%s", "")), user.totp_step)
    if not step then
      failed(user)
      return nil, "totp_wrong"
    end
    db.update("users", { team = user.team, uid = user.uid }, { totp_step = step })
  end
  db.update("users", { team = user.team, uid = user.uid }, { failed = 0, locked_until = 0 })
  return accounts.open(user, peer), user
end

-- A login without more questions (after a set-up or an invitation): the cookie's text.
function accounts.open(user, peer)
  local text, now = host.random(24), host.now()
  db.insert("logins", { hash = host.hash("login:" .. text), team = user.team, user = user.uid, csrf = host.random(18), created = now, seen = now,
    expires = now + 30 * DAY, peer = peer })
  return text
end

-- -> user (with .csrf and .login, its hash), or nil.
function accounts.by_cookie(text)
  if not text or text == "" then return nil end
  local now = host.now()
  local login = db.row("SELECT * FROM logins WHERE hash = ?1", host.hash("login:" .. text))
  if not login or login.expires < now or login.seen + host.config.login_minutes * MINUTE < now then return nil end
  local user = accounts.user(login.team, login.user)
  if not user or user.disabled then return nil end
  if now - login.seen > MINUTE then db.update("logins", { hash = login.hash }, { seen = now }) end
  user.csrf, user.login = login.csrf, login.hash
  return user
end

function accounts.close(user)
  db.run("DELETE FROM logins WHERE hash = ?1", user.login)
  streams.check()
end

-- --- tokens of the API ----------------------------------------------------------------------------

-- scopes: "read write" or "read". expires: us, or nil for ten years. -> the token (shown once), its row.
function accounts.create_token(team, user, name, scopes, expires)
  local now, uid, text = host.now(), host.uid(), "mk_" .. host.random(24)
  db.insert("tokens", { team = team, uid = uid, user = user, name = name, hash = host.hash("token:" .. text), start = text:sub(1, 7),
    scopes = scopes or "read write", created = now, expires = expires or now + 3650 * DAY })
  return text, accounts.token(team, uid)
end

function accounts.token(team, uid) return db.row("SELECT * FROM tokens WHERE team = ?1 AND uid = ?2", team, uid) end
function accounts.tokens(team) return db.rows("SELECT * FROM tokens WHERE team = ?1 ORDER BY created DESC", team) end

-- -> its row (team, user, scopes), or nil: not there, revoked, expired, or of a user who is shut out.
function accounts.by_token(text)
  if not text or #text > 200 then return nil end
  local row, now = db.row("SELECT * FROM tokens WHERE hash = ?1", host.hash("token:" .. text)), host.now()
  if not row or row.revoked or (row.expires and row.expires < now) then return nil end
  local maker = row.user and accounts.user(row.team, row.user)
  if maker and maker.disabled then return nil end -- whoever is shut out knows their tokens
  if not row.used or now - row.used > MINUTE then db.update("tokens", { team = row.team, uid = row.uid }, { used = now }) end
  return row
end

function accounts.revoke_token(team, uid)
  db.run("UPDATE tokens SET revoked = coalesce(revoked, ?3) WHERE team = ?1 AND uid = ?2", team, uid, host.now())
  streams.check()
end

return accounts
