-- What the files beside this one use: case, eq, raises, refused.
cases = 0

local function show(value)
  if type(value) ~= "table" then
    return type(value) == "string" and string.format("%q", value) or tostring(value)
  end
  local parts = {}
  for k, v in pairs(value) do parts[#parts + 1] = tostring(k) .. "=" .. show(v) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return type(a) == type(b) and math.type(a) == math.type(b) and a == b
  end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end

function case(name, run)
  cases = cases + 1
  local ok, why = pcall(run)
  if not ok then error(name .. ": " .. tostring(why), 0) end
end

function eq(value, expected)
  if not same(value, expected) then error("gives " .. show(value) .. ", not " .. show(expected), 2) end
end

-- run must raise an error that holds text.
function raises(text, run, ...)
  local ok, why = pcall(run, ...)
  if ok then error("raises nothing", 2) end
  if not tostring(why):find(text, 1, true) then error("raises '" .. tostring(why) .. "', not '" .. text .. "'", 2) end
end

-- The results must be nil, a message that holds text, and code.
function refused(code, text, value, message, given)
  if value ~= nil then error("gives " .. show(value), 2) end
  if given ~= code then error("code " .. show(given) .. ", not " .. code, 2) end
  if not message:find(text, 1, true) then error("message '" .. message .. "' has no '" .. text .. "'", 2) end
end
