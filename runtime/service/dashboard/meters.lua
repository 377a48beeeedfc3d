-- Meters: search, list, one in full, and files for spreadsheets and programs.
local authorizations = require "service.authorizations"
local csv = require "service.dashboard.csv"
local clock = require "service.clock"
local guard = require "service.dashboard.guard"
local meters = require "service.meters"
local requests = require "service.dashboard.requests"
local view = require "service.dashboard.view"
local words = require "service.dashboard.words"
local shown = {}

local PAGE, MOST = 50, 50000 -- rows of a page; rows of a file
local WINDOW = 5000 -- rows that a search looks at before the page offers to look further

local SERVICES = { { "electric", "Electric" }, { "gas", "Gas" }, { "steam", "Steam" }, { "water", "Water" },
  { "sewer", "Sewer" }, { "other", "Other" } }

local function filter_of(query)
  local function given(name) return query[name] and query[name] ~= "" and query[name] or nil end
  return { search = given("q"), utility = given("utility"), service = given("service"),
    authorization = given("authorization"),
    authorizations = given("authorization") and { query.authorization }, after = given("after"), is_archived = false,
    limit = PAGE }
end

-- The same filter as an address.
local function address(path, filter, after)
  return path .. view.query { q = filter.search, utility = filter.utility, service = filter.service,
    authorization = filter.authorization, after = after }
end

local function list(c)
  local filter = filter_of(c.request.query)
  filter.window = WINDOW
  local rows, after, partly = meters.list(c.team, filter)
  return c:page("meters", "Meters", { rows = rows, partly = partly, filter = filter, utilities = requests.utilities(),
    services = SERVICES,
    csv = address("/dashboard/meters.csv", filter), json = address("/dashboard/meters.json", filter),
    older = after and address("/dashboard/meters", filter, after), first = filter.after
    and address("/dashboard/meters", filter) })
end

-- A file of all that match, in slices: write(row) -> its text; between: what stands between two. -> text.
local function all(c, write, between)
  local filter, out, count = filter_of(c.request.query), {}, 0
  filter.after = nil
  c:audit("meters.downloaded", filter.authorization and "authorization:" .. filter.authorization or "team:" .. c.team)
  meters.each(c.team, filter, function(rows)
    local texts = {}
    for i = 1, math.min(#rows, MOST - count) do texts[i] = write(rows[i]) end
    count = count + #texts
    if #texts > 0 then out[#out + 1] = table.concat(texts, between) end
    return count < MOST
  end)
  return table.concat(out, between)
end

local COLUMNS = { "uid", "utility", "account", "service", "meter_numbers", "service_point", "street", "unit", "city",
  "region", "postcode", "address",
  "tariff", "status", "name", "authorization", "created" }

local function cells(row)
  local data = row.data
  local at = type(data.address) == "table" and data.address or {}
  return { row.uid, row.utility, row.account, row.service, table.concat(data.meters or { data.meter }, " "), data.point,
    at.street, at.unit, at.city,
    at.region, at.postcode, words.address(at), data.tariff, data.status or "active", data.name, row.authorization,
    clock.iso(row.created) }
end

local function file(type, name, body)
  return { status = 200, type = type, body = body, headers = { ["Content-Disposition"] = 'attachment; filename="'
    .. name .. '"',
    ["Cache-Control"] = "no-store", ["X-Content-Type-Options"] = "nosniff" } }
end

local function as_csv(c)
  local text = all(c, function(row) return csv.line(cells(row), #COLUMNS) end, "")
  return file("text/csv; charset=utf-8", "meters.csv", csv.line(COLUMNS) .. text)
end

local function as_json(c)
  local text = all(c, function(row)
    return "    " .. host.encode({ uid = row.uid, utility = row.utility, authorization = row.authorization,
      created = clock.iso(row.created), meter = row.data }, 2):gsub("\n", "\n    ") -- no text in it has a line's end
  end, ",\n")
  return file("application/json", "meters.json", '{\n  "meters": [' .. (text ~= "" and "\n" .. text .. "\n  " or "") .. "]\n}\n")
end

local NAMES = { { "account", "Account" }, { "account_id", "Account, as the portal numbers it" },
  { "service", "Service" }, { "point", "Service point" },
  { "tariff", "Tariff" }, { "status", "Status" }, { "timezone", "Time zone" }, { "name", "Name" } }

local function one(c, params)
  local row = meters.get(c.team, params.uid)
  if not row then return c:missing() end
  local facts = {}
  for _, entry in ipairs(NAMES) do
    local value = row.data[entry[1]]
    if value and value ~= host.null then facts[#facts + 1] = { entry[2], value } end
  end
  local authorization = authorizations.get(c.team, row.authorization)
  return c:page("meter", "Meter " .. (row.account or row.uid), { row = row, facts = facts,
    numbers = table.concat(row.data.meters or { row.data.meter }, ", "),
    at = words.address(row.data.address), billing = words.address(row.data.billing_address),
    authorization = authorization,
    raw_text = host.encode(row.data, 2) })
end

local function archive(c, params)
  local row = meters.get(c.team, params.uid)
  if not row then return c:missing() end
  meters.modify(c.team, row.uid, { is_archived = not row.is_archived })
  c:audit(row.is_archived and "meter.unarchived" or "meter.archived", "meter:" .. row.uid)
  return c:go("/dashboard/meters/" .. row.uid, row.is_archived and "unarchived" or "archived")
end

function shown.add(router)
  router:add("GET", "/dashboard/meters", guard.page("meters", list))
  router:add("GET", "/dashboard/meters.csv", guard.page("meters", as_csv))
  router:add("GET", "/dashboard/meters.json", guard.page("meters", as_json))
  router:add("GET", "/dashboard/meters/:uid", guard.page("meters", one))
  router:add("POST", "/dashboard/meters/:uid/archive", guard.change("meters", "member", archive))
end

return shown
