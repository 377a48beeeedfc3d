-- What an operator set while serving: pauses, policies, shares of canaries.
local db = require "service.db"
local settings = {}

-- The value, or nil.
function settings.get(name)
  local row = db.row("SELECT value FROM settings WHERE name = ?1", name)
  return row and db.json(row.value)
end

-- nil takes it away.
function settings.set(name, value, who)
  if value == nil then return db.run("DELETE FROM settings WHERE name = ?1", name) end
  db.run([[INSERT INTO settings (name, value, changed, who) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed = excluded.changed, who = excluded.who]],
    name, host.encode(value), host.now(), who)
end

-- All whose name begins so: {rest of the name = value}.
function settings.all(prefix)
  local out = {}
  for _, row in ipairs(db.rows("SELECT name, value FROM settings WHERE substr(name, 1, ?1) = ?2", #prefix, prefix)) do
    out[row.name:sub(#prefix + 1)] = db.json(row.value)
  end
  return out
end

return settings
