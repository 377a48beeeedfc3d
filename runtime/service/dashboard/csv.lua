-- Comma-separated values: written so that a spreadsheet runs none of them, read with the line of each mistake.
local csv = {}

-- A cell that begins like a formula gets an apostrophe before it, as spreadsheets mark text.
local function cell(value)
  if value == nil or value == host.null then return "" end
  local text = tostring(value)
  if text:find("^[%s]*[=+%-@\t\r]") or text:find("^[\t\r\n]") then text = "'" .. text end
  if text:find('[",\r\n]') then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

-- One line of a file.
function csv.line(values, count)
  local out = {}
  for i = 1, count or #values do out[i] = cell(values[i]) end
  return table.concat(out, ",") .. "\r\n"
end

local function field(text, at)
  if text:sub(at, at) ~= '"' then
    local stop = text:find("[,;\t\r\n]", at) or #text + 1
    return text:sub(at, stop - 1), stop
  end
  local parts = {}
  repeat
    local stop = text:find('"', at + 1, true)
    if not stop then return nil end
    parts[#parts + 1] = text:sub(at + 1, stop - 1)
    at = stop + 1
  until text:sub(at, at) ~= '"'
  return table.concat(parts, '"'), at
end

local function trim(text) return (text:gsub("^%s+", ""):gsub("%s+$", "")) end

-- Rows of a text, each {line = n, ...}; blank lines are left out. Commas, semicolons and tabs part cells, as
-- spreadsheets write them.
-- nil and a line: a quote there is not closed.
function csv.read(text)
  local rows, row, at, line = {}, nil, text:sub(1, 3) == "\u{FEFF}" and 4 or 1, 1
  while at <= #text do
    row = row or { line = line }
    local value, stop = field(text, at)
    if not value then return nil, row.line end
    local _, breaks = value:gsub("\n", "")
    line = line + breaks
    row[#row + 1] = trim(value)
    local mark = text:sub(stop, stop)
    at = stop + 1
    if mark == "\r" and text:sub(at, at) == "\n" then
      mark, at = "\n", at + 1
    end
    if mark == "" or mark == "\n" or mark == "\r" then
      if #row > 1 or row[1] ~= "" then rows[#rows + 1] = row end
      row, line = nil, line + 1
    elseif not mark:find("[,;\t]") then
      return nil, row.line
    end
  end
  return rows
end

return csv
