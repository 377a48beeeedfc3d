-- string.rep whose separator overflows the size.
-- expect: adapter.bug
-- within: 300 ms
-- says: too large
return string.rep("", 1 << 62, "xx")
