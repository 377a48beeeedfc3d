-- Idempotency-Key: the same POST sent twice is done once and answered alike, for a day.
local db = require "service.db"
local problem = require "service.api.problem"
local idempotency = {}

local DAY = 86400 * 1000000

-- What tells one request from another. Secrets stand in it by their keyed hashes.
local function digest(call)
  local sealed = call.request.sealed or {}
  return host.sha256(host.encode { call.token.uid, call.request.method, call.request.path, call.body,
    sealed.digest or "", sealed.answer_digest or "" })
end

-- The key that a request carries; false: none; nil and a problem: it cannot be one.
function idempotency.key(request)
  local key = request.headers["idempotency-key"]
  if not key then return false end
  if #key < 1 or #key > 255 or key:find("[^\32-\126]") then
    return problem.invalid("Idempotency-Key", "must be 1 to 255 printable characters")
  end
  return key
end

-- The answer that was given to the same request, false if there was none; nil and a problem if the key belongs to
-- another one.
function idempotency.known(call, key)
  local row = db.row("SELECT * FROM idempotency WHERE team = ?1 AND key = ?2", call.team, key)
  if not row then return false end
  if row.created < host.now() - DAY then
    db.run("DELETE FROM idempotency WHERE team = ?1 AND key = ?2", call.team, key)
    return false
  end
  if row.digest ~= digest(call) then
    return problem.conflict("idempotency_key_reused", "This Idempotency-Key was used with another request.")
  end
  local answer = host.unseal("idempotency", host.decode(row.response))
  answer.headers = answer.headers or {}
  answer.headers["Idempotent-Replayed"] = "true"
  return answer
end

-- Sealed: an answer may hold what is shown once.
function idempotency.keep(call, key, answer)
  db.insert("idempotency", { team = call.team, key = key, digest = digest(call), status = answer.status,
    created = host.now(),
    response = host.encode(host.seal("idempotency", answer)) })
end

return idempotency
