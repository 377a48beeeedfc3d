-- Rows of an HTML table, each cell found by the name of its column: portals move and add columns.
local grid = {}

local function name_of(text)
  return (text:lower():gsub("%s+", " "):gsub("[:*]+$", ""))
end

-- The rows of `table` (an element) that have data cells, as tables from column name in lower case to cell element.
-- Names are those of the nearest row of header cells above; a cell under no name is left out.
function grid.rows(table)
  local names, rows = {}, {}
  for _, tr in ipairs(table:all("tr")) do
    local cells = tr:all("td")
    if #cells == 0 then
      names = {}
      for i, th in ipairs(tr:all("th")) do names[i] = name_of(th:text()) end
    else
      local row = {}
      for i, cell in ipairs(tr:all("th, td")) do
        if names[i] and names[i] ~= "" then row[names[i]] = cell end
      end
      rows[#rows + 1] = row
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
