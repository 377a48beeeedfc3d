-- Types of the API's values, as JSON Schema has them: what schemas and parameters are made of.
local types = {}

-- Text in one line. The validator knows patterns by this text alone.
types.LINE = "^[^\\u0000-\\u001f\\u007f]*$"

local function made(base, about, more)
  for name, value in pairs(more or {}) do base[name] = value end
  base.description = about
  return base
end

function types.text(about, most, more)
  return made({ type = "string", maxLength = most or 200, pattern = types.LINE }, about, more)
end
-- Free text for people, in answers.
function types.words(about) return made({ type = "string" }, about) end
function types.flag(about) return made({ type = "boolean" }, about) end
function types.count(about, least, most)
  return made({ type = "integer", minimum = least or 0, maximum = most }, about)
end
-- How many of a list: more than `most` is taken as that many.
function types.page(about, most) return made({ type = "integer", minimum = 1, ["x-most"] = most }, about) end
function types.uid(about) return types.text(about or "Opaque text.", 64, { minLength = 1 }) end
function types.time(about) return made({ type = "string", format = "date-time" }, about) end
function types.url(about) return types.text(about, 2000, { format = "uri" }) end
function types.email(about) return types.text(about, 254, { format = "email" }) end
function types.one(about, values) return made({ type = "string", enum = values }, about) end
function types.list(of, about, more) return made({ type = "array", items = of }, about, more) end
function types.ref(name) return { ["$ref"] = "#/components/schemas/" .. name } end

-- An object: fields by name; required: names, or true for all of them.
function types.object(about, fields, required, more)
  local names = required
  if required == true then
    names = {}
    for name in pairs(fields) do names[#names + 1] = name end
    table.sort(names)
  end
  return made({ type = "object", properties = fields, required = names and #names > 0 and names or nil }, about, more)
end

-- An object with any keys.
function types.map(about, of) return made({ type = "object", additionalProperties = of or true }, about) end

-- The same, or null.
function types.null(schema)
  if schema["$ref"] then return { anyOf = { schema, { type = "null" } } } end
  local out = {}
  for name, value in pairs(schema) do out[name] = value end
  out.type = { schema.type, "null" }
  if schema.enum then
    out.enum = { table.unpack(schema.enum) }
    out.enum[#out.enum + 1] = host.null
  end
  return out
end

return types
