-- Meters: what a session found, kept as the adapter's contract has it.
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

-- Takes the list that a session brought: new ones are added, known ones renewed, none taken away. -> how many are new.
function meters.take(authorization, list)
  local now, team, new, seen = host.now(), authorization.team, 0, {}
  for _, meter in ipairs(list) do
    local key = key_of(meter)
    seen[key] = (seen[key] or 0) + 1
    if seen[key] > 1 then key = key .. "#" .. seen[key] end
    local old = db.row("SELECT uid FROM meters WHERE team = ?1 AND authorization = ?2 AND key = ?3", team, authorization.uid, key)
    local values = { data = meter, search = search_of(meter), account = meter.account, service = meter.service, status_ts = now }
    if old then
      db.update("meters", { team = team, uid = old.uid }, values)
    else
      values.team, values.uid, values.authorization, values.utility, values.key, values.created =
        team, host.uid(), authorization.uid, authorization.utility, key, now
      values.status, values.status_message = "updated", "Meter found, nothing collected yet."
      db.insert("meters", values)
      events.emit(team, "meter_created", { authorization = authorization.uid, meter = values.uid })
      new = new + 1
    end
  end
  return new
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
    window = filter.window, where = where }
  for _, row in ipairs(rows) do read(row) end
  return rows, after, partly
end

-- Those of many authorizations at once, newest first, by the authorization's uid; nil: they are too many for that.
function meters.of_authorizations(team, uids)
  local out, most = {}, 2000
  local rows = db.among("SELECT * FROM meters WHERE team = ?1 AND authorization IN (%s) ORDER BY created DESC, uid DESC LIMIT "
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
