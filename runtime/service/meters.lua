-- Meters: what a session found, kept as the adapter's contract has it.
local clock = require "service.clock"
local db = require "service.db"
local events = require "service.events"
local meters = {}

local function read(row)
  row.data, row.notes, row.monitoring = db.json(row.data), db.json(row.notes), db.json(row.monitoring)
  row.is_archived, row.is_activated = row.is_archived == 1, row.is_activated == 1
  return row
end

-- What a meter is known by from one run to the next.
local function key_of(meter)
  local numbers = meter.meters or { meter.meter }
  return table.concat({ meter.account_id or meter.account or "", meter.service or "", meter.point or table.concat(numbers, "+") }, "|")
end

-- What a search looks through.
local function search_of(meter)
  local parts, address = { meter.account, meter.name, meter.meter, meter.point, meter.tariff }, meter.address or {}
  local out = {}
  for i = 1, 5 do out[#out + 1] = parts[i] end
  for _, name in ipairs { "line", "street", "unit", "city", "region", "postcode" } do out[#out + 1] = address[name] end
  for _, number in ipairs(meter.meters or {}) do out[#out + 1] = number end
  return table.concat(out, " "):lower()
end

local FOUND, GONE = "Meter found, nothing collected yet.", "The utility does not list this meter any more."

-- -> whether anything is new about it. One that is listed again loses the note that it was not.
local function renew(team, old, values)
  local back = old.notes:find('"not_listed"', 1, true)
  if not back and old.data == values.data then return false end
  if back then values.notes, values.status_message = host.array {}, FOUND end
  values.status_ts = host.now()
  db.update("meters", { team = team, uid = old.uid }, values)
  return true
end

local function add(authorization, key, values)
  values.team, values.uid, values.authorization, values.utility, values.key = authorization.team, host.uid(), authorization.uid,
    authorization.utility, key
  values.created, values.status, values.status_message, values.status_ts = host.now(), "updated", FOUND, host.now()
  db.insert("meters", values)
  events.emit(authorization.team, "meter_created", { authorization = authorization.uid, meter = values.uid })
end

-- Marks those that are in the store and not among seen (by key) -> how many are so since now.
local function mark_gone(authorization, seen)
  local gone = 0
  for _, row in ipairs(db.rows("SELECT uid, key, notes FROM meters WHERE team = ?1 AND authorization = ?2", authorization.team, authorization.uid)) do
    if not seen[row.key] and not row.notes:find('"not_listed"', 1, true) then
      local note = { type = "not_listed", msg = GONE, ts = clock.iso(host.now()) }
      db.update("meters", { team = authorization.team, uid = row.uid }, { notes = host.array { note }, status_message = GONE, status_ts = host.now() })
      gone = gone + 1
    end
  end
  return gone
end

-- Takes the list that a session brought: new ones are added, known ones renewed, those it lacks marked. -> how many are {new, changed, gone}.
function meters.take(authorization, list)
  local count, seen = { new = 0, changed = 0 }, {}
  for _, meter in ipairs(list) do
    local key, n = key_of(meter), 2
    if seen[key] then
      while seen[key .. "#" .. n] do n = n + 1 end
      key = key .. "#" .. n
    end
    seen[key] = true
    local old = db.row("SELECT uid, data, notes FROM meters WHERE team = ?1 AND authorization = ?2 AND key = ?3",
      authorization.team, authorization.uid, key)
    local values = { data = host.encode(meter), search = search_of(meter), account = meter.account, service = meter.service }
    if not old then
      add(authorization, key, values)
      count.new = count.new + 1
    elseif renew(authorization.team, old, values) then
      count.changed = count.changed + 1
    end
  end
  count.gone = mark_gone(authorization, seen)
  return count
end

function meters.get(team, uid)
  local row = db.row("SELECT * FROM meters WHERE team = ?1 AND uid = ?2", team, uid)
  return row and read(row)
end

-- filter: {uids, authorizations, users, utility, is_archived, is_activated, is_monitored, service, search, after, limit,
-- window (db.page)} -> rows, next uid, whether only so far was looked.
function meters.list(team, filter)
  local where = {}
  for column, value in pairs { uid = filter.uids or false, authorization = filter.authorizations or false, utility = filter.utility or false,
                               service = filter.service or false } do
    if value then where[#where + 1] = { column, value } end
  end
  for _, name in ipairs { "is_archived", "is_activated" } do
    if filter[name] ~= nil then where[#where + 1] = { name, filter[name] and 1 or 0 } end
  end
  if filter.is_monitored ~= nil then where[#where + 1] = { "sql", "monitoring IS " .. (filter.is_monitored and "NOT " or "") .. "NULL" } end
  if filter.users then
    local marks = #filter.users > 0 and ("?"):rep(#filter.users, ", ") or "NULL"
    where[#where + 1] = { "sql", "EXISTS (SELECT 1 FROM authorizations a WHERE a.team = meters.team"
      .. " AND a.uid = meters.authorization AND a.user IN (" .. marks .. "))",
      table.unpack(filter.users) }
  end
  for word in (filter.search or ""):lower():gmatch("%S+") do
    where[#where + 1] = { "sql", "instr(search, ?) > 0", word }
  end
  local rows, after, partly = db.page { table = "meters", team = team, after = filter.after, limit = filter.limit,
    window = filter.window, where = where, cursor = filter.cursor }
  for _, row in ipairs(rows) do read(row) end
  return rows, after, partly
end

local SLICE = 100 -- rows between which others have their turn

-- All that match, in slices: each(rows) is called for each, and ends it by false. What others write in between shows in those to come.
function meters.each(team, filter, each)
  filter.limit, filter.cursor = SLICE, {}
  repeat
    local rows, after, partly = meters.list(team, filter)
    local more = each(rows) ~= false and after
    if partly then filter.cursor = { from = filter.cursor.edge } end -- a look at the next so many
    if more then host.turn() end
  until not more
end

-- Those of many authorizations at once, newest first, by the authorization's uid; nil: they are too many for that.
function meters.of_authorizations(team, uids)
  local out, most = {}, 2000 -- the sign: by the index of authorizations, not through all meters by the time of their making
  local rows = db.among("SELECT * FROM meters WHERE team = ?1 AND authorization IN (%s) ORDER BY +created DESC, uid DESC LIMIT "
    .. most + 1, team, uids)
  if #rows > most then return nil end
  for _, row in ipairs(rows) do
    out[row.authorization] = out[row.authorization] or {}
    table.insert(out[row.authorization], read(row))
  end
  return out
end

-- changes: {is_archived, is_activated, status, status_message, monitoring, notes}
function meters.modify(team, uid, changes)
  local values = { status = changes.status, status_message = changes.status_message, monitoring = changes.monitoring,
    notes = changes.notes }
  for _, name in ipairs { "is_archived", "is_activated" } do
    if changes[name] ~= nil then values[name] = changes[name] and 1 or 0 end
  end
  if changes.status then values.status_ts = host.now() end
  if next(values) then db.update("meters", { team = team, uid = uid }, values) end
  return meters.get(team, uid)
end

return meters
