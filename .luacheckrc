-- luacheck: what each kind of Lua file may use. Adapters and the runtime see
-- the sandbox's allow-list and nothing else.
local sandbox = {
  globals = {},
  read_globals = {
    "assert", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "print", "rawequal", "rawget",
    "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall", "_VERSION", "_G",
    coroutine = { fields = { "create", "isyieldable", "resume", "running", "status", "wrap", "yield", "close" } },
    math = { fields = { "abs", "ceil", "floor", "fmod", "huge", "max", "maxinteger", "min", "mininteger", "modf", "pi",
      "random", "randomseed", "sqrt", "tointeger", "type", "ult", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "deg", "rad" } },
    string = { fields = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse",
      "sub", "upper", "pack", "unpack", "packsize" } },
    table = { fields = { "concat", "insert", "move", "pack", "remove", "sort", "unpack" } },
    utf8 = { fields = { "char", "charpattern", "codepoint", "codes", "len", "offset" } },
  },
}
stds.adapter = sandbox
std = "adapter"
max_line_length = 160
exclude_files = { "build", "**/node_modules" }
files["runtime/meta"] = { std = "lua54", ignore = { "1..", "2..", "3..", "4..", "611", "612" } }
files["runtime/pages"] = { std = "adapter" }
files["runtime/pages/messages"] = { std = "adapter", max_line_length = false }
files["runtime/service"] = { std = "lua54", read_globals = { "host" } }
files["tests/**/*.lua"] = { std = "lua54" }
files["tests/lua/service_*.lua"] = { std = "lua54", globals = { "host" } }
files["tools/**/*.lua"] = { std = "lua54" }
files["rockspec/**/*.lua"] = { std = "lua54" }
