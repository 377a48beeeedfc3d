-- A page over 2 MiB is not parsed as HTML.
-- expect: policy.budget
-- within: 600 ms
local s = ...
return s:get("/huge.html"):one("p")
