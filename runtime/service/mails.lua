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

-- Sends what is due, a few at a time and no more than so many; the rest stays due.
function mails.due(free)
  if free < 1 then return end
  for _, row in ipairs(db.rows("SELECT * FROM mails WHERE next <= ?1 ORDER BY next LIMIT ?2", host.now(), math.min(free, 10))) do
    local wait = WAITS[row.tries + 1]
    -- The next try stands before this one leaves: a crash in between sends it twice at worst, never not at all.
    db.update("mails", { team = row.team, uid = row.uid }, { tries = row.tries + 1, next = wait and host.now() + wait * MINUTE or db.NULL })
    host.after { ["do"] = "mail", uid = row.team .. "." .. row.uid, to = row.recipient, subject = row.subject, text = row.text, html = row.html }
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
  else
    db.update("mails", { team = team, uid = uid }, { state = row.next and "queued" or "failed", error = m.error or "not sent" })
  end
end

function mails.list(team, filter)
  return db.page { table = "mails", team = team, after = filter.after, limit = filter.limit or 100, where = {} }
end

return mails
