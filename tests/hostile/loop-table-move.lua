-- A move of 2^30 elements that are not there.
-- expect: adapter.bug
-- within: 300 ms
-- says: too many elements
table.move({}, 1, 1 << 30, 2)
