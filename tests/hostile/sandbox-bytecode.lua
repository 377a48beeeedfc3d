-- Bytecode given to load.
-- expect: adapter.bug
-- within: 500 ms
-- says: refused
local f, why = load("\27Lua" .. string.rep("\0", 100))
assert(not f and why)
assert(not pcall(load, "\27Lua", "x", "b"))
error("refused: " .. why)
