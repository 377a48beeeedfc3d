-- An error pattern of the manifest that blows up on a page.
-- expect: policy.budget
-- within: 900 ms
-- sends: secret
-- with: errors = { { code = 'site.down', text = [[^(\w+\s?)*[!?]$]] } },
local s = ...
s:post("/login", { form = { username = s.credentials.username, password = s.credentials.password } })
s:get("/words")
