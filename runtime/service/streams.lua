-- By whose right a team's server-sent events are sent: they end with the token or the sign-in that they began by.
local db = require "service.db"
local streams = {}

local MINUTE, MOST = 60 * 1000000, 200 -- names asked for at once

-- Those of some hashes whose right stands, as service.accounts has it.
local GOOD = {
  token = [[SELECT k.hash FROM tokens k LEFT JOIN users u ON u.team = k.team AND u.uid = k.user WHERE k.hash IN (%s)
    AND k.revoked IS NULL AND (k.expires IS NULL OR k.expires >= ?1) AND u.disabled IS NULL]],
  login = [[SELECT l.hash FROM logins l JOIN users u ON u.team = l.team AND u.uid = l.user WHERE l.hash IN (%s)
    AND l.expires >= ?1 AND l.seen >= ?1 - %d AND u.disabled IS NULL]],
}

local function ask(kind, hashes)
  local marks, good, now = {}, {}, host.now()
  for i = 1, #hashes do marks[i] = "?" .. i + 1 end
  local sql = GOOD[kind]:format(table.concat(marks, ", "), host.config.login_minutes * MINUTE)
  for _, row in ipairs(db.rows(sql, now, table.unpack(hashes))) do good[row.hash] = true end
  for _, hash in ipairs(hashes) do
    if not good[hash] then host.after { ["do"] = "close", who = kind .. ":" .. hash } end
  end
end

-- Ends those whose right is over. At each tick, for time passes and other processes write; and at once where a right is
-- taken away here.
function streams.check()
  local by = { token = {}, login = {} }
  for _, who in ipairs(host.streamers()) do
    local kind, hash = who:match("^(%l+):(.+)$")
    table.insert(by[kind], hash)
  end
  for kind, hashes in pairs(by) do
    for i = 1, #hashes, MOST do ask(kind, { table.unpack(hashes, i, math.min(i + MOST - 1, #hashes)) }) end
  end
end

return streams
