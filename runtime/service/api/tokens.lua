-- Tokens of the API, in the API.
local accounts = require "service.accounts"
local audit = require "service.audit"
local clock = require "service.clock"
local db = require "service.db"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local api = {}

function api.list(call)
  local rows, after = db.page { table = "tokens", team = call.team, after = call.query.after, limit = call.query.limit }
  return call:page("tokens", rows, after, shape.token)
end

-- The token's text is in this answer and in no other.
function api.create(call)
  local scopes, expires = call.body.scopes or { "read", "write" }, call:given("expires")
  for _, scope in ipairs(scopes) do
    if not call:has(scope) then return problem.forbidden("A token gives no right that it has not: " .. scope .. ".") end
  end
  expires = expires and clock.parse(expires)
  if expires and expires <= host.now() then return problem.invalid("expires", "is over already") end
  local text, row = accounts.create_token(call.team, call.token.user, call.body.name, table.concat(scopes, " "),
    expires)
  audit.add(call.team, call:who(), "token.created", "token:" .. row.uid, call.peer)
  local out = shape.token(call, row)
  out.token = text
  return out
end

function api.revoke(call)
  local row = accounts.token(call.team, call.params.uid)
  if not row then return problem.not_found() end
  accounts.revoke_token(call.team, row.uid)
  audit.add(call.team, call:who(), "token.revoked", "token:" .. row.uid, call.peer)
  return { success = true }
end

return api
