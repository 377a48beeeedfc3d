-- A script may not set a cookie for a public suffix.
-- expect: adapter.bug
-- within: 300 ms
local s = ...
s.cookies:set{ name = "stolen", value = "1", domain = "co.uk" }
