-- Tokens of the API: made, shown once, revoked.
local accounts = require "service.accounts"
local guard = require "service.dashboard.guard"
local tokens = {}

local DAY = 86400 * 1000000
local SPANS = { { "365", "1 year" }, { "90", "90 days" }, { "3650", "10 years" } }

local RIGHTS = { { "read write", "read and write" }, { "read", "read only" } }

local function show(c, values)
  values = values or {}
  values.rights, values.fields = RIGHTS, values.problem and c.request.fields or {}
  values.rows, values.spans, values.now = accounts.tokens(c.team), SPANS, host.now()
  return c:page("tokens", "API tokens", values, values.problem and 400)
end

local function create(c)
  local name, days = c:field("name"), tonumber(c:field("days"))
  if name == "" then return show(c, { problem = "What is the token for?" }) end
  if utf8.len(name) > 100 then return show(c, { problem = "What it is for has to fit into 100 letters." }) end
  local scopes = c:field("scopes") == "read" and "read" or "read write"
  local text, row = accounts.create_token(c.team, c.me.uid, name, scopes,
    host.now() + math.min(days or 365, 3650) // 1 * DAY)
  c:audit("token.created", "token:" .. row.uid)
  return show(c, { fresh = text, fresh_name = name })
end

local function revoke(c, params)
  local row = accounts.token(c.team, params.uid)
  if not row then return c:missing() end
  accounts.revoke_token(c.team, row.uid)
  c:audit("token.revoked", "token:" .. row.uid)
  return c:go("/dashboard/tokens", "removed")
end

function tokens.add(router)
  router:add("GET", "/dashboard/tokens", guard.page("tokens", function(c) return show(c) end))
  router:add("POST", "/dashboard/tokens", guard.change("tokens", "owner", create))
  router:add("POST", "/dashboard/tokens/:uid/revoke", guard.change("tokens", "owner", revoke))
end

return tokens
