-- A verify that returns no page: told at the line of the adapter.
-- expect: adapter.bug
-- within: 300 ms
-- says: verify must return the page
-- says: hostile.lua:8
local s = ...
s:get("/login")
s:ask({ kind = "otp" }, { verify = print })
