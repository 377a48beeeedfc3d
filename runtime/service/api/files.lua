-- Files of the API: tables of meters, and which tariffs they have. Bills and intervals have a first line alone, as of meters that have none yet.
local meters = require "service.meters"
local problem = require "service.api.problem"
local shape = require "service.api.shape"
local api = {}

local COLUMNS = { "meter_uid", "authorization_uid", "utility", "service_class", "service_identifier", "service_tariff",
  "service_address",
                  "meter_numbers", "billing_account", "billing_contact", "billing_address", "status", "created" }

-- A cell that a spreadsheet would take for a formula gets an apostrophe before it.
local function cell(text)
  text = tostring(text)
  if text:find("^%s*[=+%-@]") or text:find("^[\t\r\n]") then text = "'" .. text end
  if text:find('[",\r\n]') then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

local function line(cells)
  local out = {}
  for i, text in ipairs(cells) do out[i] = cell(text) end
  return table.concat(out, ",") .. "\r\n"
end

local function file(type, name, body)
  return { status = 200, type = type, body = body,
    headers = { ["Content-Disposition"] = ('attachment; filename="%s"'):format(name), ["Cache-Control"] = "no-store" } }
end

local function csv(name, body) return file("text/csv; charset=utf-8", name .. ".csv", body) end

local function row_of(call, row)
  local meter = shape.meter(call, row)
  local base = meter.base
  return { meter.uid, meter.authorization_uid, meter.utility, base.service_class, base.service_identifier,
    base.service_tariff,
    base.service_address, table.concat(base.meter_numbers,
      " "), base.billing_account, base.billing_contact, base.billing_address,
    row.data.status or "active", meter.created }
end

local function filter_of(call)
  return { authorizations = call.query.authorizations or call.query.accounts, uids = call.query.meters }
end

function api.meters_csv(call)
  local out = { line(COLUMNS) }
  meters.each(call.team, filter_of(call), function(rows)
    local lines = {}
    shape.prepare_meters(call, rows)
    for i, row in ipairs(rows) do lines[i] = line(row_of(call, row)) end
    out[#out + 1] = table.concat(lines)
  end)
  return csv("meters", table.concat(out))
end

local function text(value) return type(value) == "string" and value or "" end

local function by_name(a, b)
  for _, name in ipairs { "utility", "service_class", "service_tariff" } do
    if a[name] ~= b[name] then return a[name] < b[name] end
  end
end

-- Which tariffs the meters have, as the portals write them, and how many have each. The shape is ours.
function api.known_tariffs_json(call)
  local out, known = host.array {}, {}
  meters.each(call.team, filter_of(call), function(rows)
    for _, row in ipairs(rows) do
      local one = { utility = row.utility, service_class = text(row.data.service), service_tariff = text(row.data.tariff), meter_count = 0 }
      local key = host.encode { one.utility, one.service_class, one.service_tariff }
      if not known[key] and one.service_tariff ~= "" then
        known[key], out[#out + 1] = one, one
      end
      if known[key] then known[key].meter_count = known[key].meter_count + 1 end
    end
  end)
  table.sort(out, by_name)
  call.whole = true
  return file("application/json", "known_tariffs.json", host.encode { tariffs = out })
end

local HEADS = {
  bills = { "meter_uid", "utility", "bill_start_date", "bill_end_date", "bill_statement_date", "bill_total_kwh",
    "bill_total_cost" },
  intervals = { "meter_uid", "utility", "interval_start", "interval_end", "interval_kwh" },
  lineitems = { "meter_uid", "utility", "bill_start_date", "bill_end_date", "name", "cost", "rate", "unit", "volume" },
}

function api.meters_bills_csv() return csv("bills", line(HEADS.bills)) end
function api.intervals_csv() return csv("intervals", line(HEADS.intervals)) end
function api.meters_lineitems_csv() return csv("lineitems", line(HEADS.lineitems)) end

-- An archive with nothing in it: its end record alone.
function api.zip() return file("application/zip", "bills.zip", "PK\5\6" .. ("\0"):rep(18)) end
function api.none() return problem.not_found() end

return api
