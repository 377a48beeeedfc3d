-- Writes a C table of the files named as arguments (core/script/embedded.h); one of a library is named NAME=FILE.
local function parted(argument)
  local name, file = argument:match("^([^=]+)=(.+)$")
  return name or argument, file or argument
end

local function literal(line)
  return '    "' .. line:gsub('[^%w _%-+*/=.,;:<>()%[%]{}#&|!^~@$%%\'`]', function(c)
    return ("\\%03o"):format(c:byte())
  end) .. '"\n'
end

local function emit(number, path)
  local file = assert(io.open(select(2, parted(path)), "rb"))
  local data = file:read("a")
  file:close()
  io.write("static const char f", number, "[] =\n")
  for at = 1, #data, 96 do io.write(literal(data:sub(at, at + 95))) end
  io.write('    "";\n')
  return #data
end

table.sort(arg)
io.write('/* embedded.c - made from runtime/ and DEMO (layer script) */\n#include "script/embedded.h"\n')
local sizes = {}
for number, path in ipairs(arg) do sizes[number] = emit(number, path) end
io.write("const mk_embedded mk_embedded_files[] = {\n")
for number, path in ipairs(arg) do
  io.write(('    {"%s", f%d, %d},\n'):format(parted(path), number, sizes[number]))
end
io.write("    {NULL, NULL, 0},\n};\n")
