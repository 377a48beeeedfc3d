-- Rows of the store.
local db = {}

local WINDOW = 50000 -- rows that a filter looks at in one go

-- A value as the store takes it: lists and objects as JSON; nil, NULL.
local function parameter(value)
  if type(value) == "table" and value.b64 == nil and value.blob == nil then return host.encode(value) end
  if value == nil then return host.null end
  return value
end

local function parameters(...)
  local out = table.pack(...)
  for i = 1, out.n do out[i] = parameter(out[i]) end
  return table.unpack(out, 1, out.n)
end

-- All rows, each by column name; NULL is absent.
function db.rows(sql, ...) return host.query(sql, parameters(...)) end

-- The first row, or nil.
function db.row(sql, ...) return db.rows(sql, ...)[1] end

db.run = db.rows

-- JSON of a column; nil if it is NULL.
function db.json(text)
  if text == nil then return nil end
  if text == "{}" then return {} elseif text == "[]" then return host.array {} end
  local value = assert(host.decode(text))
  if value == host.null then return nil end
  return value
end

local function sorted(values)
  local names = {}
  for name in pairs(values) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Statements by what they are made of, so that the same ones are not put together again: there are as many as the program has shapes of rows.
local made = {}

local function statement(make, table_name, names, keys)
  local by = table_name .. " " .. table.concat(names, ",") .. (keys and " " .. table.concat(keys, ",") or "")
  if not made[by] then made[by] = make(table_name, names, keys) end
  return made[by]
end

local function inserting(table_name, names)
  local marks = {}
  for i in ipairs(names) do marks[i] = "?" .. i end
  return ("INSERT INTO %s (%s) VALUES (%s)"):format(table_name, table.concat(names, ", "), table.concat(marks, ", "))
end

local function assignments(names, from, separator)
  local out = {}
  for i, name in ipairs(names) do out[i] = ("%s = ?%d"):format(name, from + i) end
  return table.concat(out, separator)
end

local function updating(table_name, names, keys)
  return ("UPDATE %s SET %s WHERE %s"):format(table_name, assignments(names, 0, ", "), assignments(keys, #names, " AND "))
end

-- Writes one row. Names of tables and columns are the program's own, never a caller's.
function db.insert(table_name, values)
  local names, list = sorted(values), {}
  for i, name in ipairs(names) do list[i] = parameter(values[name]) end
  host.query(statement(inserting, table_name, names), table.unpack(list, 1, #names))
end

-- Changes the rows that have all of where. db.NULL empties a column.
db.NULL = host.null
function db.update(table_name, where, values)
  local names, keys, list = sorted(values), sorted(where), {}
  for _, name in ipairs(names) do list[#list + 1] = parameter(values[name]) end
  for _, name in ipairs(keys) do list[#list + 1] = parameter(where[name]) end
  return host.query(statement(updating, table_name, names, keys), table.unpack(list, 1, #list))
end

-- Columns by which an index finds all there are.
local INDEXED = { uid = true, form = true, authorization = true, webhook = true }

local function indexed(where)
  for _, entry in ipairs(where or {}) do
    if INDEXED[entry[1]] then return true end
  end
  return #(where or {}) == 0
end

-- The last row that a filter looks at; nil: it may look at all of them.
local function edge_of(query, from, time)
  from = from or { at = math.maxinteger, uid = "" }
  local found = db.rows(([[SELECT %s AS at, uid FROM %s WHERE team = ?1 AND (%s, uid) < (?2, ?3) ORDER BY %s DESC, uid DESC
    LIMIT 2 OFFSET %d]]):format(time, query.table, time, time, (query.window or WINDOW) - 1), query.team, from.at, from.uid)
  return found[2] and found[1]
end

-- A list of a team's rows, newest first, filtered and paged as the API has it (utilityapi v2: `after` = older than that uid).
-- query: {table, team, time = "created", after, limit, where = {{"form", {...}}, {"utility", "ConEd"}, {"sql", "instr(search, ?) > 0", word}}}: a
-- list matches any of its values. A filter that no index answers looks at `window` rows at most. -> rows (at most limit), the uid to
-- go on after or nil, and whether that is only as far as was looked. cursor: an empty table; with it, the next call goes on where the last
-- ended, whatever was written in between, and looks no further than the first would have.
function db.page(query)
  local time, limit = query.time or "created", math.min(query.limit or 1000, 1000)
  local args, conditions = { query.team }, { "team = ?1" }
  local function add(value)
    args[#args + 1] = parameter(value)
    return "?" .. #args
  end
  for _, entry in ipairs(query.where or {}) do
    local column, value = entry[1], entry[2]
    if column == "sql" then
      local n = 2
      conditions[#conditions + 1] = value:gsub("%?", function()
        n = n + 1
        return add(entry[n])
      end)
    elseif type(value) == "table" then
      local marks = {}
      for i, one in ipairs(value) do marks[i] = add(one) end
      conditions[#conditions + 1] = #marks > 0 and ("%s IN (%s)"):format(column, table.concat(marks, ", ")) or "1 = 0"
    else
      conditions[#conditions + 1] = ("%s = %s"):format(column, add(value))
    end
  end
  local cursor = query.cursor or {}
  if query.after and not cursor.from then
    local from = db.row(("SELECT %s AS at FROM %s WHERE team = ?1 AND uid = ?2"):format(time, query.table), query.team, query.after)
    if not from then return {}, nil end
    cursor.from = { at = from.at, uid = query.after }
  end
  if cursor.from then conditions[#conditions + 1] = ("(%s, uid) < (%s, %s)"):format(time, add(cursor.from.at), add(cursor.from.uid)) end
  if cursor.edge == nil then cursor.edge = not indexed(query.where) and edge_of(query, cursor.from, time) or false end
  local edge = cursor.edge
  if edge then conditions[#conditions + 1] = ("(%s, uid) >= (%s, %s)"):format(time, add(edge.at), add(edge.uid)) end
  local rows = host.query(("SELECT * FROM %s WHERE %s ORDER BY %s DESC, uid DESC LIMIT %d"):format(query.table,
    table.concat(conditions, " AND "), time, limit + 1), table.unpack(args))
  if #rows <= limit then return rows, edge and edge.uid or nil, edge ~= false end
  rows[#rows] = nil
  cursor.from = { at = rows[limit][time], uid = rows[limit].uid }
  return rows, rows[limit].uid
end

-- Rows of a query that goes by a list of values, however long: `%s` in it stands for them, ?1 is the team.
function db.among(sql, team, values)
  local out = {}
  for from = 1, #values, 500 do
    local list, marks = { table.unpack(values, from, math.min(from + 499, #values)) }, {}
    for i = 1, #list do marks[i] = "?" .. i + 1 end
    local rows = db.rows(sql:format(table.concat(marks, ", ")), team, table.unpack(list))
    table.move(rows, 1, #rows, #out + 1, out)
  end
  return out
end

return db
