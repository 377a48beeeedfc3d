-- A line end in the name of a part is written as browsers do.
-- expect: meters
-- within: 300 ms
-- requests: 1
local s = ...
return s:post("/echo", { multipart = { ["a\"\r\nstolen: 1"] = "x" } })
