-- A yield of the main script.
-- expect: adapter.bug
-- within: 500 ms
coroutine.yield(1, 2, 3)
