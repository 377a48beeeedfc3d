-- os.
-- expect: adapter.bug
-- within: 500 ms
-- says: os
return os.execute("id")
