-- The handlers that the service calls; docs/service.md says with what.
local adapters = require "service.adapters"
local command = require "service.command"
local events = require "service.events"
local housekeeping = require "service.housekeeping"
local limit = require "service.limit"
local mails = require "service.mails"
local page = require "service.page"
local router = require "service.router"
local sessions = require "service.sessions"
local view = require "service.customer.view"
local web = require "service.web"

local routes = router.new()
for _, name in ipairs { "service.probes", "service.static", "service.api.routes", "service.customer.routes", "service.dashboard.routes" } do
  local there, add = pcall(require, name)
  if there then add(routes) elseif not add:find("module '" .. name .. "' not found", 1, true) then error(add, 0) end
end

local handlers = {}

function handlers.start()
  if host.config.smtp ~= "" and host.config.url == "" then
    host.log("warn", "the setting `url` is empty: mails name whatever host a request named, and reminders without a request have no link", "settings")
  end
  sessions.recover()
  require("service.dashboard.setup").announce()
  return {}
end

function handlers.tick()
  housekeeping.tick()
  return {}
end

function handlers.beat()
  housekeeping.beat()
  return {}
end

-- Whoever reads it in a browser gets a page that says how to go on, a program one line.
local function is_read(request) return (request.headers.accept or ""):find("text/html", 1, true) ~= nil end

local function nowhere(request)
  if is_read(request) then return view.plain_page(request, {}, 404, "missing") end
  return web.text(404, "There is no such page.\n")
end

local function not_so(request, allowed)
  local response = web.text(405, "Method not allowed\n")
  if is_read(request) then response = view.plain_page(request, {}, 405, "method") end
  response.headers.Allow = allowed
  return response
end

local function later(request, seconds)
  local text = "Too many requests from your address. Please wait a moment.\n"
  if not is_read(request) then return web.text(429, text, { ["Retry-After"] = tostring(seconds) }) end
  local t = page.words(page.language(request))
  local lead = t("customer.moment", { seconds = seconds })
  local response = view.show(request, {}, 429, "customer/plain", { title = t("customer.busy.title"), lead = lead,
    act = t("customer.again"), act_href = request.path })
  response.headers["Retry-After"] = tostring(seconds)
  return response
end

-- What one address may ask: reading is cheap, whatever changes something is not.
local READS, CHANGES, SECONDS = 1200, 240, 60

local function too_many(request)
  if request.path:find("^/api/") or request.path == "/openapi.json" then return nil end -- the API counts by token
  local kind = request.method == "GET" and "read" or "change"
  local allowed, wait = limit.take(kind .. ":" .. web.network(request), kind == "read" and READS or CHANGES, SECONDS)
  if allowed then return nil end
  return later(request, wait)
end

function handlers.request(request)
  local refused = too_many(request)
  if refused then return refused end
  local response, allowed = routes:run(request)
  return response or allowed and not_so(request, allowed) or nowhere(request)
end

function handlers.worker(message)
  sessions.message(message)
  return {}
end

function handlers.lost(message)
  sessions.lost(message.sessions)
  return {}
end

function handlers.staged(message)
  adapters.staged(message)
  return {}
end

function handlers.delivered(message)
  local kinds = { webhook = events, mail = mails }
  kinds[message.kind].delivered(message)
  return {}
end

-- A command of the operator's (`meterkey user`, `token`), maybe of another process.
function handlers.command(message) return command.run(message) end

return handlers
