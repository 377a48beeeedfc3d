-- OpenAPI 3.1, made from the description.
local describe = require "service.api.describe"
local web = require "service.web"
local openapi = {}

local WORDS = { [400] = "Not a request that can be read: invalid_param, required_param_missing, ...",
  [401] = "No token, or none that is good.",
  [403] = "The token has not that right, or it is not allowed.", [404] = "Not there, or not yours.",
  [409] = "It cannot be as things are.",
  [429] = "Too many requests; see Retry-After." }

local function content(type, schema) return { [type] = { schema = schema } } end
local function ref(name) return { ["$ref"] = "#/components/schemas/" .. name } end

local function failure(status)
  local out = { description = WORDS[status], content = content("application/json", ref "Error") }
  if status == 429 then
    out.headers = { ["Retry-After"] = { description = "Seconds.", schema = { type = "integer" } } }
  end
  return out
end

local function answers(endpoint)
  local good = { description = "OK" }
  good.content = content(endpoint.type, endpoint.answer and ref(endpoint.answer) or { type = "string" })
  local out = { ["200"] = good, ["400"] = failure(400), ["429"] = failure(429) }
  if endpoint.scope then out["401"], out["403"] = failure(401), failure(403) end
  if endpoint.named then out["404"] = failure(404) end
  if endpoint.method == "POST" then out["409"] = failure(409) end
  return out
end

local function parameters(endpoint)
  local out = {}
  for _, name in ipairs(endpoint.params) do
    out[#out + 1] = { name = name, ["in"] = "path", required = true, schema = { type = "string" } }
  end
  local names = {}
  for name in pairs(endpoint.query) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local one = { name = name, ["in"] = "query", description = endpoint.query[name].description,
      schema = endpoint.query[name] }
    if endpoint.query[name].type == "array" then one.style, one.explode = "form", false end
    out[#out + 1] = one
  end
  if endpoint.method == "POST" then
    out[#out + 1] = { name = "Idempotency-Key", ["in"] = "header", schema = { type = "string", maxLength = 255 },
      description = "The same key with the same request gets the same answer, for a day." }
  end
  return #out > 0 and out or nil
end

local function operation(endpoint)
  local out = { operationId = endpoint.by:gsub("%.", "_"), summary = endpoint.summary, tags = { endpoint.tag },
    responses = answers(endpoint),
    parameters = parameters(endpoint) }
  if endpoint.by == "accounting.none" then out.operationId = "accounting_" .. endpoint.answer end
  if endpoint.body then
    out.requestBody = { required = describe.schemas[endpoint.body].required ~= nil,
      content = content("application/json", ref(endpoint.body)) }
  end
  if endpoint.scope then
    out["x-scope"] = endpoint.scope
  else
    out.security = host.array {}
  end
  return out
end

-- The document. The API is where the document is.
function openapi.document()
  local paths = {}
  for _, endpoint in ipairs(describe.endpoints) do
    paths[endpoint.path] = paths[endpoint.path] or {}
    paths[endpoint.path][endpoint.method:lower()] = operation(endpoint)
  end
  return { openapi = "3.1.0", servers = { { url = "/" } }, paths = paths,
    info = { title = "Meterkey", version = "2",
      description = "Data requests, authorizations and meters; compatible with UtilityAPI v2." },
    security = { { token = host.array {} }, { access_token = host.array {} } },
    components = { schemas = describe.schemas, securitySchemes = {
      token = { type = "http", scheme = "bearer" }, access_token = { type = "apiKey", ["in"] = "query",
        name = "access_token" } } } }
end

local made -- it never changes, and anybody may ask for it

function openapi.get(call)
  made = made or web.json(200, openapi.document())
  call.whole = true
  return made
end

return openapi
