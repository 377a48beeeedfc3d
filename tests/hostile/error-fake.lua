-- A script that makes up an end of the session.
-- expect: adapter.bug
-- within: 500 ms
error({ code = "auth.credentials", message = "made up", owner = "user" })
