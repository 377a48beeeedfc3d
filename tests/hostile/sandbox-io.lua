-- io.
-- expect: adapter.bug
-- within: 500 ms
-- says: io
return io.open("/etc/passwd")
