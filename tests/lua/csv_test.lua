-- Comma-separated values: quotes, line ends, columns by name, rows that repeat.
package.path = "tests/lua/?.lua;" .. package.path
local t = require "harness"
local csv = require "meterkey.csv"

-- The rows' values of one column, with a bar between.
local function column(text, name, wanted)
  local out = {}
  for i, row in ipairs(csv.distinct(text, wanted or { name })) do out[i] = row[name] or "nil" end
  return table.concat(out, "|")
end

t.same(column("A,B\r\n1,2\r\n3,4\r\n", "B"), "2|4", "lines of CR LF")
t.same(column("A,B\n1,2\n3,4", "B"), "2|4", "lines of LF, none at the end")
t.same(column("\u{FEFF}A,B\n1,2\n", "A"), "1", "a byte-order mark")
t.same(column('A,"B ""x"", y"\n1,"two, ""2"""\n', 'B "x", y'), 'two, "2"', "quotes in names and values")
t.same(column('A,B\n1,"two\nlines"\n3,4\n', "B"), "two\nlines|4", "a line end within quotes")
t.same(column("B,A\n2,1\n4,3\n", "A"), "1|3", "columns in another order")
t.same(column("A,B\n1,x\n1,y\n2,z\n1,x\n", "A"), "1|2", "rows that repeat, side by side and apart")
t.same(column("A,B\n1,x\n12,y\n1,z\n", "A"), "1|12", "a value that begins as another one")
t.same(column("X,A\n1,a\n2,a\n3,b\n", "A"), "a|b", "the column is not the first")
t.same(column("A,B\n1\n\n,\n2,x\n", "B", { "A", "B" }), "nil|x", "short rows, empty ones, empty fields")
t.same(column("A\n1\n", "B"), "", "no such column")
t.same(column("A,B\n", "A"), "", "names alone")
t.same(column("", "A"), "", "nothing")
t.finish()
