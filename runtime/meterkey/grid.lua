-- Rows of an HTML table, each cell found by the name of its column: portals move and add columns.
local grid = {}

local function name_of(text)
  return (text:lower():gsub("%s+", " "):gsub("[:*]+$", ""))
end

-- Calls fn with each cell of a row that stands in one column, and the column's number. Tables inside of cells stay
-- apart.
local function each_cell(tr, fn)
  local column = 1
  for _, cell in ipairs(tr:all "./th | ./td") do
    local span = tonumber(cell:attr "colspan") or 1
    if span == 1 then fn(column, cell) end
    column = column + span
  end
end

-- The rows of `table` (an element) that have data cells, as tables from column name in lower case to cell element.
-- Names are those of the nearest row of header cells above; a cell under no name is left out, and so is a row of such
-- cells alone (a pager, a total).
function grid.rows(table)
  local names, rows = {}, {}
  for _, tr in ipairs(table:all "./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr") do
    if tr:has "./td" then
      local row = {}
      each_cell(tr, function(column, cell) if names[column] then row[names[column]] = cell end end)
      if next(row) then rows[#rows + 1] = row end
    else
      names = {}
      each_cell(tr, function(column, th) names[column] = th:text() ~= "" and name_of(th:text()) or nil end)
    end
  end
  return rows
end

-- The text of the first of the columns that the row has something in, or nil.
function grid.text(row, ...)
  for _, name in ipairs { ... } do
    local cell = row[name_of(name)]
    local text = cell and cell:text()
    if text and text ~= "" then return text end
  end
end

return grid
