-- Comma-separated values as RFC 4180 has them, each row by the names of the first: portals move and add columns.
local csv = {}

-- One field from `at` on, and where what follows it begins.
local function field(text, at)
  if text:sub(at, at) ~= '"' then
    local stop = text:find("[,\r\n]", at) or #text + 1
    return text:sub(at, stop - 1), stop
  end
  local parts = {}
  repeat
    local stop = text:find('"', at + 1, true) or #text + 1
    parts[#parts + 1] = text:sub(at + 1, stop - 1)
    at = stop + 1
  until text:sub(at, at) ~= '"'
  return table.concat(parts, '"'), at
end

-- One record: its fields, where each of them ends, and where the next record begins.
local function record(text, at)
  local fields, ends, mark = {}, {}
  repeat
    local count = #fields + 1
    fields[count], at = field(text, at)
    ends[count] = at
    mark = text:sub(at, at)
    at = at + 1
  until mark ~= ","
  if mark == "\r" and text:sub(at, at) == "\n" then at = at + 1 end
  return fields, ends, at
end

local function header(text)
  local names, _, at = record(text, text:sub(1, 3) == "\u{FEFF}" and 4 or 1)
  return names, at
end

-- Rows that differ in the columns `wanted`, in order, each a table of just these by name; rows with nothing there are
-- left out. Files of readings have a row for each hour: those that begin as the one before are passed over unread.
function csv.distinct(text, wanted)
  local names, at = header(text)
  local index, last, out, seen = {}, 0, {}, {}
  for i, name in ipairs(names) do index[name] = i end
  for _, name in ipairs(wanted) do last = math.max(last, index[name] or 0) end
  while at <= #text do
    local fields, ends, after = record(text, at)
    local row, key = {}, {}
    for i, name in ipairs(wanted) do
      row[name] = fields[index[name]]
      key[i] = row[name] or ""
    end
    local id = table.concat(key, "\n")
    if id:find("[^\n]") and not seen[id] then out[#out + 1] = row end
    seen[id] = true
    local start = ends[last] and text:sub(at, ends[last])
    at = after
    while start and text:find(start, at, true) == at do at = (text:find("\n", at + #start, true) or #text) + 1 end
  end
  return out
end

return csv
