-- The handlers that the service calls; docs/service.md says with what.
local handlers = {}

function handlers.start() return {} end
function handlers.tick() return {} end

function handlers.request(request)
  local rows = host.query("SELECT count(*) AS n FROM keys WHERE use <> ?1", "x")
  return { status = 200, type = "text/plain; charset=utf-8", body = host.encode({ rows = rows, request = request }, 2) }
end

return handlers
