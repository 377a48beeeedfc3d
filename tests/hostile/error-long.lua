-- An error message of megabytes with control characters.
-- expect: adapter.bug
-- within: 500 ms
error(string.rep("x\27[31m\0", 200000))
