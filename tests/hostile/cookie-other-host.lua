-- A cookie of one host does not reach another declared one.
-- expect: meters
-- within: 300 ms
-- hosts: 'other.hostile.test',
local s = ...
s.cookies:set{ name = "mine", value = "stolen" }
s:get("https://other.hostile.test/ok")
