-- Who saw, sent, changed or revoked what.
local db = require "service.db"
local audit = {}

-- who: "user:UID", "token:UID", "customer", "operator"; target: "form:UID" and the like.
function audit.add(team, who, what, target, peer)
  db.insert("audit", { team = team, ts = host.now(), who = who, what = what, target = target, peer = peer })
end

-- Newest first; before: a ts to go on from.
function audit.list(team, before, limit)
  return db.rows("SELECT ts, who, what, target, peer FROM audit WHERE team = ?1 AND ts < ?2 ORDER BY ts DESC LIMIT ?3", team,
    before or math.maxinteger, limit or 100)
end

return audit
