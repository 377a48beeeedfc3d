-- The metatable of strings.
-- expect: meters
-- within: 500 ms
assert(not getmetatable(""))
assert(not pcall(setmetatable, "", {}))
assert(("x"):upper() == "X")
