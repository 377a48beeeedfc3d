-- string.dump.
-- expect: adapter.bug
-- within: 500 ms
-- says: dump
return string.dump(function() end)
