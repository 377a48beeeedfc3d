-- An error without a value.
-- expect: adapter.bug
-- within: 500 ms
error()
