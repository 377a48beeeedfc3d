-- All routes of the API: who asks, may they, what do they ask, and the answer.
local accounts = require "service.accounts"
local describe = require "service.api.describe"
local idempotency = require "service.api.idempotency"
local limit = require "service.limit"
local new_call = require("service.api.call").new
local problem = require "service.api.problem"
local validate = require "service.api.validate"
local web = require "service.web"

local function failure(why)
  local body = { error = why.slug, error_description = why.text, url = host.null, param = why.param,
    status_code = why.status_code }
  return web.json(why.status, body, why.headers)
end

local function slow_down(wait)
  return failure { status = 429, slug = "rate_limited", text = "Too many requests; see Retry-After.",
    headers = { ["Retry-After"] = tostring(wait) } }
end

-- From the header, else from the query.
local function token_text(request)
  local header = request.headers.authorization
  if header then return header:match("^[Bb][Ee][Aa][Rr][Ee][Rr]%s+(%S+)%s*$") end
  return request.query.access_token
end

local function unauthorized()
  return failure { status = 401, slug = "unauthorized", text = "The token is missing or not valid.",
    headers = { ["WWW-Authenticate"] = "Bearer" } }
end

-- The token's row; or nil and the response. Who has none is counted by address.
local function token_of(request, endpoint)
  local token = endpoint.scope and accounts.by_token(token_text(request))
  local key = token and "api:" .. token.uid or "api from:" .. web.network(request)
  local free, wait = limit.take(key, math.max(host.config.api_per_second, 1), 1)
  if not free then return nil, slow_down(wait) end
  if endpoint.scope and not token then return nil, unauthorized() end
  return token
end

local function read(call)
  local why
  call.query, why = validate.query(call.endpoint, call.request.query)
  if call.query and call.endpoint.body then call.body, why = validate.body(call.endpoint, call.request) end
  if why then return problem.new(400, why.slug, why.text, why.param) end
  return true
end

-- A value becomes JSON; what is no JSON is a response already, or says so (call.whole).
local function answer(call, value, why)
  if value == nil then return failure(why) end
  if call.whole or call.endpoint.type ~= "application/json" then return value end
  return web.json(200, value, nil, call.text)
end

-- Done once for each Idempotency-Key.
local function act_once(call, handler)
  local key, why = idempotency.key(call.request)
  if key == nil then return failure(why) end
  if not key then return answer(call, handler(call)) end
  local known, other = idempotency.known(call, key)
  if other then return failure(other) end
  if known then return known end
  local out = answer(call, handler(call))
  if out.status == 200 then idempotency.keep(call, key, out) end
  return out
end

local function act(call, handler)
  local good, why = read(call)
  if not good then return failure(why) end
  if call.request.method == "POST" then return act_once(call, handler) end
  return answer(call, handler(call))
end

local function handler_of(endpoint)
  local file, name = endpoint.by:match("^([%w_]+)%.([%w_]+)$")
  return assert(require("service.api." .. file)[name], endpoint.by)
end

local function route(endpoint)
  local handler = handler_of(endpoint)
  return function(request, params)
    local token, response = token_of(request, endpoint)
    if response then return response end
    local call = new_call(request, endpoint, params, token)
    call.peer = web.peer(request)
    if endpoint.scope and not call:has(endpoint.scope) then
      return failure(select(2, problem.forbidden("The token has not the right '" .. endpoint.scope .. "'.")))
    end
    return act(call, handler)
  end
end

-- A path that nobody has, or not with this method.
local function missing(methods)
  return function(request)
    local free, wait = limit.take("api from:" .. web.network(request), math.max(host.config.api_per_second, 1), 1)
    if not free then return slow_down(wait) end
    local allowed = {}
    for match, list in pairs(methods) do
      if request.path:find(match) then allowed = list end
    end
    if #allowed > 0 then
      return failure { status = 405, slug = "method_not_allowed", text = "This path has " .. table.concat(allowed, ", ")
        .. ".",
        headers = { Allow = table.concat(allowed, ", ") } }
    end
    return failure { status = 404, slug = "not_found", text = "Resource not found", status_code = 404 }
  end
end

return function(routes)
  local methods = {}
  for _, endpoint in ipairs(describe.endpoints) do
    routes:add(endpoint.method, (endpoint.path:gsub("{(%w+)}", ":%1")), route(endpoint))
    local match = "^" .. endpoint.path:gsub("[%-.]", "%%%0"):gsub("{%w+}", "[^/]+") .. "/?$"
    methods[match] = methods[match] or {}
    table.insert(methods[match], endpoint.method)
  end
  local last = missing(methods)
  for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" } do
    routes:add(method, "/api/*", last)
  end
end
