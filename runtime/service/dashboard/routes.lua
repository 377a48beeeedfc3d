-- All pages of the dashboard.
local SUBJECTS = { "setup", "login", "requests", "create", "request", "authorizations", "meters", "adapters",
  "webhooks", "templates", "tokens", "team",
  "profile", "records" }

return function(router)
  for _, name in ipairs(SUBJECTS) do require("service.dashboard." .. name).add(router) end
end
