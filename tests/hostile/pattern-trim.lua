-- The usual trim on inner spaces.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.match("x" .. string.rep(" ", 100000) .. "x", "^%s*(.-)%s*$")
