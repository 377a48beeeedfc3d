-- What is done by the clock: ten times a second what may be much, a little of it each time; once a second, and by the hour.
local adapters = require "service.adapters"
local authorizations = require "service.authorizations"
local db = require "service.db"
local events = require "service.events"
local forms = require "service.forms"
local health = require "service.health"
local mails = require "service.mails"
local refresh = require "service.refresh"
local sessions = require "service.sessions"
local streams = require "service.streams"
local templates = require "service.templates"
local housekeeping = {}

local SECOND = 1000000
local DAY = 86400 * SECOND
local CLOSED = 20 * SECOND -- a question that nobody looks at for so long is mailed

-- A mail when a code is wanted and the page is closed.
local function mail_questions()
  for _, row in ipairs(db.rows([[SELECT s.uid, s.team, s.challenge, a.uid AS authorization, a.form, a.customer_email, a.utility
      FROM sessions s JOIN authorizations a ON a.team = s.team AND a.uid = s.authorization
      WHERE s.state = 'waiting' AND s.mailed IS NULL AND s.asked < ?1 AND a.customer_email <> '' AND a.form IS NOT NULL LIMIT 5]],
      host.now() - CLOSED)) do
    db.update("sessions", { team = row.team, uid = row.uid }, { mailed = host.now() })
    local form = forms.get(row.team, row.form)
    if form and host.listeners("form:" .. row.form) == 0 and host.config.url ~= "" then
      local template, one = templates.get(row.team, form.template), adapters.known(row.utility)
      mails.send(row.team, "code", row.customer_email, { link = forms.url((host.config.url:gsub("/+$", "")), form), utility = one and one.name or row.utility,
        company = template.company_name, language = form.language, form = form.uid, authorization = row.authorization })
    end
  end
end

local function expiring_soon()
  local now = host.now()
  for _, row in ipairs(db.rows([[SELECT team, uid, form FROM authorizations WHERE expires_at BETWEEN ?1 AND ?2 AND expired IS NULL AND revoked IS NULL
      AND NOT EXISTS (SELECT 1 FROM events e WHERE e.team = authorizations.team AND e.authorization = authorizations.uid
        AND e.type = 'authorization_expiring_soon') LIMIT 100]], now, now + DAY)) do
    events.emit(row.team, "authorization_expiring_soon", { form = row.form, authorization = row.uid })
  end
end

-- What is kept no longer than the operator says.
local function retention()
  local before = host.now() - host.config.retention_days * DAY
  db.run("DELETE FROM events WHERE ts < ?1", before)
  db.run("DELETE FROM mails WHERE created < ?1", before)
  db.run("DELETE FROM audit WHERE ts < ?1", before)
  db.run("DELETE FROM timeline WHERE ts < ?1", before)
  db.run("DELETE FROM reloads WHERE ts < ?1", before)
  db.run("DELETE FROM forms WHERE is_archived = 1 AND updated < ?1", before)
  db.run("DELETE FROM authorizations WHERE is_archived = 1 AND updated < ?1", before)
  db.run("DELETE FROM sessions WHERE human = 0 AND ended < ?1", before)
  db.run("DELETE FROM idempotency WHERE created < ?1", host.now() - DAY)
  db.run("DELETE FROM logins WHERE expires < ?1", host.now())
  db.run("DELETE FROM attempts WHERE last < ?1", before)
  health.retain(before)
end

-- What leaves, little by little: a customer's next page does not wait for a hundred mails.
function housekeeping.beat()
  mail_questions()
  local room = host.outbox()
  mails.due(room.mail, room.mails)
  events.due(room.webhook)
end

local hourly = 0

function housekeeping.tick()
  streams.check()
  sessions.expire()
  refresh.expire()
  sessions.dispatch()
  refresh.due()
  if host.now() - hourly < 3600 * SECOND then return end
  hourly = host.now()
  authorizations.expire()
  expiring_soon()
  retention()
  adapters.prune()
end

return housekeeping
