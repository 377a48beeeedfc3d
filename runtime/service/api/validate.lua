-- Checks what a request holds against the description. A problem is {slug, text, param}.
local describe = require "service.api.describe"
local clock = require "service.clock"
local types = require "service.api.types"
local validate = {}

local function kind(value)
  if value == host.null then return "null" end
  local is = type(value)
  if is == "number" then return math.type(value) == "integer" and "integer" or "number" end
  if is == "table" then return getmetatable(value) ~= nil and "array" or "object" end
  return is
end

local NAMES = { integer = "a whole number", string = "text", boolean = "true or false", array = "a list",
  object = "an object", null = "null" }

local function has_type(schema, is)
  if schema.type == nil then return true end
  if type(schema.type) ~= "table" then return schema.type == is end
  for _, one in ipairs(schema.type) do
    if one == is then return true end
  end
  return false
end

local function allowed(schema)
  if type(schema.type) ~= "table" then return NAMES[schema.type] or schema.type end
  local out = {}
  for i, one in ipairs(schema.type) do out[i] = NAMES[one] or one end
  return table.concat(out, " or ")
end

local CONTROL = "[%z\1-\31\127]"

local function is_email(text) return text:find('^[^%s@<>,;"]+@[^%s@<>,;"]+$') ~= nil and not text:find(CONTROL) end

local function is_url(text)
  local rest = text:match("^https?://[%w%-._%[%]:]+(.*)$")
  return rest ~= nil and not text:find("%s") and (rest == "" or rest:find("^[/?#]") ~= nil)
end

local FORMATS = {
  ["date-time"] = function(text) return text:find("T") and clock.parse(text) ~= nil end,
  ["day-or-time"] = function(text) return clock.parse(text) ~= nil end,
  ["email"] = is_email,
  ["email-or-empty"] = function(text) return text == "" or is_email(text) end,
  ["uri"] = is_url,
  ["expiry"] = function(text) return text == "until_revoked" or clock.later(0, text) ~= nil
  or clock.parse(text) ~= nil end,
}

local function text_problem(schema, value)
  local length, least, most = utf8.len(value), schema.minLength, schema.maxLength
  if not length then return "must be UTF-8" end
  if most and length > most then return ("must be at most %d characters long"):format(most) end
  if least and length < least then
    return least == 1 and "must not be empty" or ("must be at least %d characters long"):format(least)
  end
  if schema.pattern == types.LINE and value:find(CONTROL) then return "must be one line without control characters" end
  if schema.format and not FORMATS[schema.format](value) then return "is not a valid " .. schema.format end
end

local function number_problem(schema, value)
  if schema.minimum and value < schema.minimum then return ("must be at least %d"):format(schema.minimum) end
  if schema.maximum and value > schema.maximum then return ("must be at most %d"):format(schema.maximum) end
end

local function enum_problem(schema, value)
  local shown = {}
  for i, one in ipairs(schema.enum) do
    if one == value then return nil end
    shown[i] = one == host.null and "null" or tostring(one)
  end
  return "must be one of " .. table.concat(shown, ", ")
end

local problem_of

local function list_problem(schema, value)
  if schema.minItems and #value < schema.minItems then return "must not be empty" end
  if schema.maxItems and #value > schema.maxItems then return ("must have at most %d items"):format(schema.maxItems) end
  for i, one in ipairs(value) do
    local problem = problem_of(schema.items, one)
    if problem then return ("item %d %s"):format(i, problem) end
  end
end

local function object_problem(schema, value)
  local count = 0
  for name, one in pairs(value) do
    count = count + 1
    local field = schema.properties and schema.properties[name]
    local problem = field and problem_of(field, one)
    if problem then return ("field %s %s"):format(name, problem) end
  end
  local bytes = schema["x-maxBytes"]
  if bytes and #host.encode(value) > bytes then return ("must be at most %d bytes long"):format(bytes) end
  if schema.maxProperties and count > schema.maxProperties then return "has too many fields" end
end

-- What is wrong with a value, for people; nil: nothing.
function problem_of(schema, value)
  local is = kind(value)
  if not has_type(schema, is) then return "must be " .. allowed(schema) end
  if is == "null" then return nil end
  if schema.enum then
    local problem = enum_problem(schema, value)
    if problem then return problem end
  end
  if is == "string" then return text_problem(schema, value) end
  if is == "integer" then return number_problem(schema, value) end
  if is == "array" then return list_problem(schema, value) end
  if is == "object" then return object_problem(schema, value) end
end

local function fail(slug, param, problem)
  return nil, { slug = slug, param = param, text = param and ("%s %s"):format(param, problem) or problem }
end

-- A query's text as the schema's type; text that is not such stays text, and is refused by its type then.
local function read(schema, value)
  if schema.type == "boolean" then
    if value == "true" then return true end
    if value == "false" then return false end
  elseif schema.type == "integer" and value:find("^%-?%d+$") then
    local number, most = math.tointeger(tonumber(value)), schema["x-most"]
    if most and (not number and value:find("^%d") or number and number > most) then return most end
    return number or value
  elseif schema.type == "array" then
    local out = host.array {}
    for one in value:gmatch("[^,]+") do out[#out + 1] = one end
    return out
  end
  return value
end

-- The parameters that the endpoint knows; others are ignored. -> values, or nil and a problem.
function validate.query(endpoint, query)
  local out = {}
  for name, schema in pairs(endpoint.query) do
    local given = query[name]
    if given and (given ~= "" or schema.type ~= "string") then
      local value = read(schema, given)
      local problem = problem_of(schema, value)
      if problem then return fail("invalid_param", name, problem) end
      out[name] = value
    end
  end
  return out
end

-- What a customer gave is sealed before it comes here; `wrong` names what could not be such a thing.
local function sealed(request, name) return request.sealed ~= nil and request.sealed[name] ~= nil end

-- The body's fields that the endpoint knows; null stays host.null, absent is nil. -> values, or nil and a problem.
function validate.body(endpoint, request)
  local schema = describe.schemas[endpoint.body]
  if request.body_error then return fail("invalid_param", nil, "The body is not JSON: " .. request.body_error) end
  if request.body or next(request.fields or {}) then
    return fail("invalid_param", nil, "The body must be a JSON object.")
  end
  local given = request.json
  if given == nil then given = {} end
  if kind(given) ~= "object" then return fail("invalid_param", nil, "The body must be a JSON object.") end
  if request.sealed and request.sealed.wrong then
    return fail("invalid_param", request.sealed.wrong, "cannot be one")
  end
  local out = {}
  for name, field in pairs(schema.properties) do
    if given[name] ~= nil then
      local problem = problem_of(field, given[name])
      if problem then return fail("invalid_param", name, problem) end
      out[name] = given[name]
    end
  end
  for _, name in ipairs(schema.required or {}) do
    if given[name] == nil and not sealed(request, name) then
      return fail("required_param_missing", name, "is missing")
    end
  end
  return out
end

return validate
