-- What is kept of a portal's page behind an error: its structure and words, without what is somebody's.
local privacy = {}

local STREETS = "st street ave avenue rd road dr drive ln lane blvd boulevard ct court pl place way hwy highway ter terrace "
  .. "cir circle pkwy parkway apt unit"
local STREET = {}
for word in STREETS:gmatch("%S+") do STREET[word] = true end

-- After these words a name is likely to stand.
local BEFORE = { "Welcome back,?", "Welcome,?", "Hello,?", "Hi,?", "Dear", "Hola,?", "Bienvenid[oa],?", "Account holder:?",
  "Customer name:?", "Customer:?", "Name:?", "Signed in as:?", "Logged in as:?" }
-- Words that begin with a capital and are no names.
local AFTER = { To = true, The = true, Back = true, Your = true, And = true, Sign = true, Log = true, Account = true, Customer = true,
  User = true, Email = true, Password = true, First = true, Last = true, Required = true, Enter = true, Please = true,
  We = true, Our = true, You = true, This = true, It = true, If = true, Is = true, In = true, On = true, For = true, No = true }

local NAME = "%u[%w'%-\128-\255]*%.?"

-- Up to three words of a name that begin at a place -> where they end; nil: none is there.
local function name_end(text, from)
  local last
  for _ = 1, 3 do
    local word, after = text:match("^(" .. NAME .. ")()", from)
    if not word or AFTER[word] then break end
    last = after - 1
    from = text:match("^[ \t]+()", after)
    if not from then break end
  end
  return last
end

local function names(text)
  for _, word in ipairs(BEFORE) do
    local at = 1
    while true do
      local first, last = text:find("%f[%w]" .. word .. "[ \t]+", at)
      if not first then break end
      local over = name_end(text, last + 1)
      if over then text = text:sub(1, last) .. "(name)" .. text:sub(over + 1) end
      at = last + 1
    end
  end
  return text
end

-- "12 Elm Street": the number goes with the digits, the street's name here.
local function streets(text)
  return (text:gsub("(%d+[%w/-]*[ \t]+)([%w. \t]+)", function(number, rest)
    local words = 0
    for word, to in rest:gmatch("(%w+)%.?()") do
      words = words + 1
      if words > 1 and STREET[word:lower()] then return number .. "(street)" .. rest:sub(to) end
      if words > 4 then break end
    end
    return nil
  end))
end

-- A text of a page: digits are #, addresses of e-mail, names after a greeting and streets are said to be such.
function privacy.text(text)
  text = text:gsub("[%w._%%+*-]+@[%w.-]+%.%a+", "(e-mail)")
  return (streets(names(text)):gsub("%d", "#"))
end

-- A page's address: its path is the adapter's author's, what follows is the customer's.
local function url(text)
  local path, rest = text:match("^([^?#]*)(.*)$")
  path = path:gsub("^(%a+://[^/]*)(.*)$", function(host, way)
    return host .. way:gsub("%d%d%d%d+", function(digits) return ("#"):rep(#digits) end)
  end)
  return path .. rest:gsub("=[^&#]*", "=...")
end

local function numbers(text)
  return (text:gsub("%d[%d%-. ]*%d", function(number)
    return #number:gsub("%D", "") > 4 and number:gsub("%d", "#") or nil
  end))
end

-- What people read of it: without numbers that only an account or a telephone has, and what follows a page's address.
function privacy.message(text)
  local out, at = {}, 1
  text = text:gsub("[%w._%%+*-]+@[%w.-]+%.%a+", "(e-mail)")
  while true do
    local first, last = text:find("%a+://[^%s\"'<>]+", at)
    if not first then break end
    out[#out + 1] = numbers(text:sub(at, first - 1)) .. url(text:sub(first, last))
    at = last + 1
  end
  return table.concat(out) .. numbers(text:sub(at))
end

local AS = { text = privacy.text, url = url, site_message = privacy.message, instead = privacy.message }

-- The error as it is kept; the one that is given stays as it is.
function privacy.error(error)
  local out = {}
  for name, value in pairs(error) do out[name] = value end
  if type(out.message) == "string" then out.message = privacy.message(out.message) end
  if type(error.evidence) == "table" then
    out.evidence = {}
    for name, value in pairs(error.evidence) do
      out.evidence[name] = AS[name] and type(value) == "string" and AS[name](value) or value
    end
  end
  return out
end

return privacy
