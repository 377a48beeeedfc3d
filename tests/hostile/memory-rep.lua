-- string.rep of a gigabyte.
-- expect: adapter.bug
-- within: 300 ms
-- says: too large
return string.rep("x", 1 << 30)
