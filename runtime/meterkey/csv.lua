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

-- One record, and where the next one begins.
local function record(text, at)
  local fields, mark = {}
  repeat
    fields[#fields + 1], at = field(text, at)
    mark = text:sub(at, at)
    at = at + 1
  until mark ~= ","
  if mark == "\r" and text:sub(at, at) == "\n" then at = at + 1 end
  return fields, at
end

-- Goes through the rows: for row in csv.rows(text) do … row.Meter … end. A byte-order mark, empty lines are skipped.
function csv.rows(text)
  local names, at = record(text, text:sub(1, 3) == "\u{FEFF}" and 4 or 1)
  return function()
    while at <= #text do
      local row, fields = {}
      fields, at = record(text, at)
      if #fields > 1 or fields[1] ~= "" then
        for i, name in ipairs(names) do row[name] = fields[i] end
        return row
      end
    end
  end
end

return csv
