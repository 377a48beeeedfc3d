-- debug.
-- expect: adapter.bug
-- within: 500 ms
-- says: debug
return debug.getregistry()
