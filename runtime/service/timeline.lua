-- What happened to a data request and its authorization, for people.
local db = require "service.db"
local timeline = {}

-- of: {form, authorization} (uids, either may be nil); what: a word; facts: its details.
function timeline.add(team, of, what, facts)
  db.insert("timeline", { team = team, form = of.form, authorization = of.authorization, ts = host.now(), what = what, facts = facts or {} })
  host.after { ["do"] = "notify", topic = "team:" .. team, data = { what = what, form = of.form, authorization = of.authorization } }
end

local function read(rows)
  for _, row in ipairs(rows) do row.facts = db.json(row.facts) end
  return rows
end

-- [{ts, what, facts}], oldest first.
function timeline.of_form(team, uid)
  return read(db.rows("SELECT ts, what, facts, authorization FROM timeline WHERE team = ?1 AND form = ?2 ORDER BY ts LIMIT 1000", team, uid))
end

function timeline.of_authorization(team, uid)
  return read(db.rows("SELECT ts, what, facts, form FROM timeline WHERE team = ?1 AND authorization = ?2 ORDER BY ts LIMIT 1000", team, uid))
end

return timeline
