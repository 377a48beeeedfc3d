-- string.pack of a size that no memory holds.
-- expect: adapter.bug
-- within: 300 ms
return string.pack("c1000000000", "x")
