-- Mails to customers and users: an outbox in the store, sent by the service with retries.
local db = require "service.db"
local page = require "service.page"
local privacy = require "service.privacy"
local mails = {}

local MINUTE = 60 * 1000000
local WAITS = { 1, 5, 30, 120, 600 } -- minutes before the next try

-- t, with a mail's own words where it has some.
local function own_words(t, kind, words)
  if not words then return t end
  return function(key, values)
    local text = words[key:match("^mail%." .. kind .. "%.(%a+)$")]
    if not text then return t(key, values) end
    return (text:gsub("{([%w_]+)}", function(name) return values and values[name] and tostring(values[name]) end))
  end
end

-- kind: "request", "code", "receipt", "off" ...: its texts are the messages mail.KIND.subject and mail.KIND.text. values: what they name;
-- language; form, authorization: uids; words: {subject, text, action} in place of messages. -> uid.
function mails.send(team, kind, to, values)
  local uid, now = host.uid(), host.now()
  local t = own_words(page.words(values.language or "en"), kind, values.words)
  local text = t("mail." .. kind .. ".text", values)
  local html = page.render("mail", { t = t, text = text, link = values.link, action = values.link and t("mail." .. kind .. ".action", values),
    company = values.company or "Meterkey", language = values.language or "en" })
  if values.link then text = text .. "\n\n" .. values.link .. "\n" end
  db.insert("mails", { team = team, uid = uid, kind = kind, recipient = to, subject = t("mail." .. kind .. ".subject", values), text = text,
    html = html, form = values.form, authorization = values.authorization, state = "queued", next = now, created = now })
  return uid
end

local function hand_over(key, row)
  local wait = WAITS[math.min(row.tries + 1, #WAITS)]
  -- The next try stands before this one leaves: a crash in between sends it twice at worst, never not at all.
  db.update("mails", { team = row.team, uid = row.uid }, { tries = row.tries + 1, error = db.NULL, next = host.now() + wait * MINUTE })
  host.after { ["do"] = "mail", uid = key, to = row.recipient, subject = row.subject, text = row.text, html = row.html }
end

-- Sends what is due, a few at a time and no more than so many; the rest stays due. under_way: "team.uid" of those that were handed over: a
-- server that takes half a minute for each has not been tried again because the next try is due meanwhile.
function mails.due(free, under_way)
  local held = {}
  for _, key in ipairs(under_way) do held[key] = true end
  for _, row in ipairs(db.rows("SELECT * FROM mails WHERE next <= ?1 ORDER BY next LIMIT 10", host.now())) do
    local key = row.team .. "." .. row.uid
    if held[key] then
      db.update("mails", { team = row.team, uid = row.uid }, { next = host.now() + MINUTE })
    elseif free > 0 then
      hand_over(key, row)
      free = free - 1
    end
  end
end

-- How it went. A refusal for good (a status of 5xx) is a bounce: no more tries.
function mails.delivered(m)
  local team, uid = m.uid:match("^([^.]+)%.(.+)$")
  local row = team and db.row("SELECT * FROM mails WHERE team = ?1 AND uid = ?2", team, uid)
  if not row then return end
  if not m.ok then host.log("warn", ("%s not sent: %s"):format(uid, privacy.message(m.error or tostring(m.status))), "mail") end
  if m.ok then
    db.update("mails", { team = team, uid = uid }, { state = "sent", sent = host.now(), next = db.NULL, error = db.NULL })
  elseif m.status and m.status >= 500 then
    db.update("mails", { team = team, uid = uid }, { state = "bounced", next = db.NULL, error = m.error or tostring(m.status) })
  elseif row.tries > #WAITS then
    db.update("mails", { team = team, uid = uid }, { state = "failed", next = db.NULL, error = m.error or "not sent" })
  else
    db.update("mails", { team = team, uid = uid }, { state = "queued", error = m.error or tostring(m.status or "not sent") })
  end
end

-- --- a server that was away ---------------------------------------------------------------

local WAITS_SQL = "(?1 IS NULL OR team = ?1) AND next IS NOT NULL AND error IS NOT NULL"
local LATELY = 3 * 1440 * MINUTE

-- Of a team, or of all (nil): how many wait for another try, and how many of the last thousand were given up lately.
function mails.trouble(team)
  local waits = db.row("SELECT count(*) AS n, min(next) AS next FROM mails WHERE " .. WAITS_SQL, team)
  local failed = db.row([[SELECT count(*) AS n FROM (SELECT state FROM mails WHERE (?1 IS NULL OR team = ?1) AND created > ?2
    ORDER BY created DESC LIMIT 1000) AS last WHERE state = 'failed']], team, host.now() - LATELY)
  return { waiting = waits.n, next = waits.next, failed = failed.n }
end

-- One is due now, however often it was tried; not while it is under way. -> whether it is.
function mails.again(team, uid)
  return #db.rows([[UPDATE mails SET state = 'queued', tries = 0, next = ?3 WHERE team = ?1 AND uid = ?2 AND error IS NOT NULL
    AND state <> 'sent' RETURNING uid]], team, uid, host.now()) > 0
end

-- The same of all that mails.trouble counts; what the server refused for good stays. -> how many.
function mails.all_again(team)
  local waiting = db.rows("UPDATE mails SET tries = 0, next = ?2 WHERE " .. WAITS_SQL .. " RETURNING uid", team, host.now())
  local failed = db.rows([[UPDATE mails SET state = 'queued', tries = 0, next = ?2 WHERE (?1 IS NULL OR team = ?1) AND created > ?3
    AND state = 'failed' RETURNING uid]], team, host.now(), host.now() - LATELY)
  return #waiting + #failed
end

function mails.list(team, filter)
  return db.page { table = "mails", team = team, after = filter.after, limit = filter.limit or 100, where = {} }
end

return mails
