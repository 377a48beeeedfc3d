-- The list of data requests: state at a glance, search, filters; paged by (created, uid), so that page one million
-- costs as page one.
local adapters = require "service.adapters"
local db = require "service.db"
local guard = require "service.dashboard.guard"
local view = require "service.dashboard.view"
local words = require "service.dashboard.words"
local requests = {}

local PAGE = 50
-- A filter that no index answers looks at so many at most; the page then offers to look further back.
requests.WINDOW = 2000

-- The state as service.progress has it, with MFA that must be off told apart. ?2 is now.
local STATE = [[CASE WHEN f.disabled = 1 THEN 'disabled'
  WHEN a.uid IS NULL THEN CASE WHEN f.expires < ?2 THEN 'expired' ELSE 'choose' END
  WHEN a.revoked IS NOT NULL THEN 'revoked' WHEN a.declined IS NOT NULL THEN 'declined'
  WHEN s.state = 'waiting' AND a.form = f.uid THEN 'code' WHEN s.state = 'answered' AND a.form = f.uid THEN 'sent'
  WHEN s.state IN ('queued', 'running') AND a.form = f.uid THEN 'working'
  WHEN a.status = 'errored' AND a.error LIKE '%"code":"mfa.must_be_off"%' THEN 'mfa_off'
  WHEN a.status = 'errored' AND a.error LIKE '%"alone":true%' THEN 'reauthorize'
  WHEN a.status = 'errored' THEN 'failed'
  WHEN a.status = 'updated' AND a.form = f.uid THEN 'done'
  WHEN a.status = 'updated' THEN CASE WHEN f.expires < ?2 THEN 'expired' ELSE 'choose' END
  ELSE 'working' END]]

local FROM = [[ LEFT JOIN authorizations a ON a.team = f.team AND a.uid = coalesce(f.current, f.authorization)
  LEFT JOIN sessions s ON s.team = a.team AND s.uid = a.session]]

-- %, _ and \ stand for themselves.
local function like(text) return "%" .. text:gsub("[%%_\\]", "\\%0") .. "%" end

-- filter: {state, q, utility, archived, from = {created, uid}}. -> SQL of one page, its parameters, and how many rows
-- it may look at.
function requests.sql(team, now, filter)
  local args = { team, now, filter.archived and 1 or 0 }
  local function add(value)
    args[#args + 1] = value
    return "?" .. #args
  end
  local inner, outer, exact = { "team = ?1", "is_archived = ?3" }, {}, false
  if filter.q and filter.q:find("^[^%s@]+@[^%s@]+$") then -- a whole address: the index has it
    inner[#inner + 1], exact = "customer_email = " .. add(filter.q), true
  elseif filter.q then
    local mark = add(like(filter.q))
    outer[#outer + 1] = ("(f.customer_email LIKE %s ESCAPE '\\' OR f.utility LIKE %s ESCAPE '\\' OR f.uid = %s)")
      :format(mark, mark, add(filter.q))
  end
  if filter.utility then outer[#outer + 1] = "f.utility = " .. add(filter.utility) end
  if filter.state then outer[#outer + 1] = "state = " .. add(filter.state) end
  if filter.from then
    inner[#inner + 1] = ("(created, uid) < (%s, %s)"):format(add(filter.from.created), add(filter.from.uid))
  end
  local window = (#outer > 0 or exact) and requests.WINDOW or PAGE + 1
  local where = #outer > 0 and " WHERE " .. table.concat(outer, " AND ") or ""
  local sql = [[SELECT * FROM (SELECT f.uid, f.customer_email, f.utility, f.created, f.is_archived, f.expires,
      a.uid AS authorization, a.error, a.status_ts, a.utility AS used, s.challenge_until, %s AS state
    FROM (SELECT * FROM forms WHERE %s ORDER BY created DESC, uid DESC LIMIT %d) f%s) f%s
    ORDER BY f.created DESC, f.uid DESC LIMIT %d]]
  return sql:format(STATE, table.concat(inner, " AND "), window, FROM, where, PAGE + 1), args, window
end

-- Where a window ends: what to go on from, or nil if there is no more.
local function edge(team, filter, window)
  local from = filter.from or { created = math.maxinteger, uid = "" }
  local sql = [[SELECT created, uid FROM forms WHERE team = ?1 AND is_archived = ?2 AND (created, uid) < (?3, ?4)
    ORDER BY created DESC, uid DESC LIMIT 1 OFFSET %d]]
  return db.row(sql:format(window - 1), team, filter.archived and 1 or 0, from.created, from.uid)
end

-- rows, the next place ({created, uid}) or nil, and whether that is only as far as was looked.
function requests.read(team, filter)
  local sql, args, window = requests.sql(team, host.now(), filter)
  local rows = db.rows(sql, table.unpack(args))
  if #rows > PAGE then
    rows[#rows] = nil
    return rows, rows[PAGE], false
  end
  if window <= PAGE + 1 then return rows, nil, false end
  return rows, edge(team, filter, window), true
end

-- How many of the newest are in each state.
local function counts(team)
  local out, all, sql = {}, 0, [[SELECT %s AS state, count(*) AS n FROM (SELECT * FROM forms
    WHERE team = ?1 AND is_archived = 0 ORDER BY created DESC, uid DESC LIMIT %d) f%s GROUP BY 1]]
  for _, row in ipairs(db.rows(sql:format(STATE, requests.WINDOW, FROM), team, host.now())) do
    out[row.state], all = row.n, all + row.n
  end
  if all >= requests.WINDOW then
    for state, n in pairs(out) do out[state] = n .. "+" end
  end
  return out
end

local SEND, NOTIFY = { action = "send", label = "Send link" }, { action = "notify", label = "Notify customer" }
local HELPS = { choose = SEND, expired = { action = "send", label = "Send new link" },
  code = { action = "send", label = "Send link again" },
                reauthorize = { action = "reauthorize", label = "Ask to sign in again" },
                mfa_off = NOTIFY, failed = NOTIFY, revoked = { action = "send", label = "Ask again" } }

-- The one click that helps, or nil. error: of the authorization.
function requests.help(state, email, error)
  local help = HELPS[state]
  if not help then return nil end
  if email == "" then return state ~= "choose" and { action = "send", label = "New link" } or nil end
  if state == "failed" and error and error.owner ~= "user" then
    return { action = "send", label = "Send link to try again" }
  end
  return help
end

-- The state of one that failed, by its error.
function requests.failed(error)
  if error and error.code == "mfa.must_be_off" then return "mfa_off" end
  return error and error.alone and "reauthorize" or "failed"
end

-- When each customer was last written to, by the data request's uid.
local function told(team, rows)
  local uids, out = {}, {}
  for i, row in ipairs(rows) do uids[i] = row.uid end
  for _, row in ipairs(db.among([[SELECT form, max(ts) AS ts FROM timeline WHERE team = ?1 AND form IN (%s)
      AND what IN ('mailed', 'notified') GROUP BY form]], team, uids)) do out[row.form] = row.ts end
  return out
end

-- What failed by an adapter's own fault may go well by the version that is live since. one: of service.adapters, or nil.
function requests.mended(one, error, failed_at)
  local own = error and error.code and error.code:find("^adapter%.") and one and not one.retired and one.since
  if not own or not failed_at or one.since <= failed_at then return nil end
  return ("A newer version is live since %s: send the link again."):format(view.stamp(one.since))
end

local function more(row, name, one)
  if (row.state == "failed" or row.state == "reauthorize") and row.error then
    local failure = words.failure(row.error, name or "the utility")
    return failure.text .. " " .. (requests.mended(one, row.error, row.status_ts) or "It is up to " .. failure.owner .. ".")
  elseif row.state == "mfa_off" then
    return "The customer has to switch it off for the first sign-in."
  elseif row.state == "code" and row.challenge_until then
    return "until " .. os.date("!%H:%M UTC", row.challenge_until // 1000000) .. ", " .. view.ago(row.challenge_until)
  end
  return ""
end

local function dress(team, rows)
  local last = told(team, rows)
  for _, row in ipairs(rows) do
    row.told = row.state ~= "done" and last[row.uid]
    row.error = db.json(row.error)
    local one = adapters.known(row.used or row.utility)
    row.utility_name = one and one.name or row.used or row.utility
    row.more, row.help = more(row, row.utility_name, one), requests.help(row.state, row.customer_email, row.error)
  end
end

local function tabs(c, filter)
  local found, out = counts(c.team), {}
  local function tab(label, state, archived, count)
    out[#out + 1] = { label = label, count = count, url = "/dashboard/requests"
      .. view.query { state = state, q = filter.q },
      current = filter.state == state or archived and filter.archived or state == nil and not filter.state
      and not filter.archived }
  end
  tab("All")
  for _, state in ipairs(words.order) do
    if found[state] or filter.state == state then tab(words.states[state][1], state, false, found[state] or 0) end
  end
  tab("Archived", "archived", true)
  return out
end

-- What the address says; words that are none are left out.
local function filter_of(request, team)
  local query, filter = request.query, {}
  local function given(name) return query[name] ~= "" and query[name] or nil end
  filter.q, filter.utility = given("q") and query.q:gsub("^%s+", ""):gsub("%s+$", "") or nil, given("utility")
  if query.state == "archived" then filter.archived = true
  elseif words.states[query.state or ""] then filter.state = query.state end
  local from = given("after") and db.row("SELECT created, uid FROM forms WHERE team = ?1 AND uid = ?2", team,
    query.after)
  filter.from = from or nil
  return filter
end

local function empty(filter, partly)
  if partly then return "Nothing among those looked at so far; there are older ones." end
  if filter.q or filter.state or filter.utility then return "Nothing matches." end
  if filter.archived then return "Nothing is archived." end
  return "No data requests yet. The first one is a click away: New data request."
end

-- Utilities for a <select>: value as data requests have it.
function requests.utilities()
  local out = {}
  for i, one in ipairs(adapters.list()) do out[i] = { one.utility_id or one.id, one.name } end
  return out
end

-- Tells the page of whoever looks at it that something has changed.
local function live(c)
  return { stream = "team:" .. c.team, who = "login:" .. c.user.login,
    headers = { ["Cache-Control"] = "no-store", ["X-Accel-Buffering"] = "no" } }
end

local function list(c)
  local filter = filter_of(c.request, c.team)
  local rows, next_place, partly = requests.read(c.team, filter)
  dress(c.team, rows)
  local state = filter.archived and "archived" or filter.state
  local function url(after)
    return "/dashboard/requests" .. view.query { state = state, q = filter.q, utility = filter.utility, after = after }
  end
  return c:page("requests", "Data requests", { rows = rows, tabs = tabs(c, filter), live = "*", q = filter.q or "",
    state = state or "",
    utility = filter.utility or "", utilities = requests.utilities(), empty = empty(filter, next_place and partly),
    first = filter.from and url(nil), older = next_place and url(next_place.uid),
    partly = partly })
end

function requests.add(router)
  router:add("GET", "/dashboard/requests", guard.page("requests", list))
  router:add("GET", "/dashboard/live", guard.page("requests", live))
end

return requests
