-- Bytecode through the reader of load.
-- expect: adapter.bug
-- within: 500 ms
-- says: refused
local done
local f, why = load(function() if not done then done = true return "\27Lua" end end)
assert(not f)
error("refused: " .. why)
