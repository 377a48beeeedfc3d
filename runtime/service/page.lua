-- Pages from templates: Penlight's, with every value escaped unless it says that it is HTML.
local template = require "pl.template"
local web = require "service.web"
local page = {}

local Html = {}

-- HTML made by us: put into a page as it is.
function page.raw(text) return setmetatable({ text = text }, Html) end

-- What $(x) puts into a page.
local function put(value)
  if getmetatable(value) == Html then return value.text end
  if value == nil or value == host.null then return "" end
  return web.escape(value)
end

-- A heading, in which no word breaks at its hyphen: "two-step" stays on one line.
function page.whole(text)
  return page.raw((web.escape(text):gsub("%w+%-%w+", function(word)
    return #word <= 16 and '<span class="whole">' .. word .. "</span>" or word
  end)))
end

local compiled = {}

local function compile(name)
  local text = assert(host.file("pages/" .. name .. ".html"), "no page " .. name)
  local made, problem = template.compile(text, { chunk_name = "pages/" .. name .. ".html", escape = "#", inline_escape = "$" })
  assert(made, problem)
  made.env.__tostring = put
  return made
end

-- What every template may use beside its values.
local shared = { ipairs = ipairs, pairs = pairs, raw = page.raw, whole = page.whole, table = table, string = string, math = math, tostring = tostring,
                 type = type, os = { date = os.date } }

-- The text of pages/NAME.html with values. A template puts another in by $(include("name", {...})).
function page.render(name, values)
  compiled[name] = compiled[name] or compile(name)
  local env = { include = function(other, more)
    return page.raw(page.render(other, setmetatable(more or {}, { __index = values })))
  end }
  local text, problem = compiled[name]:render(setmetatable(env, { __index = function(_, key)
    local value = values[key]
    if value == nil then value = shared[key] end
    return value
  end }))
  if not text then error(problem, 0) end
  return text
end

local languages = {}

local function messages(language)
  if languages[language] == nil then
    local text = host.file("pages/messages/" .. language .. ".lua")
    languages[language] = text and load(text, "@pages/messages/" .. language .. ".lua", "t", {})() or false
  end
  return languages[language]
end

-- What stands for "{name}" or "{name|# meter|# meters}" in a text.
local function filled(values, name, forms)
  local value, one, other = values and values[name], forms:match("^|([^|]*)|([^|]*)$")
  if value == nil or forms ~= "" and not one then return "{" .. name .. forms .. "}" end
  if forms == "" then return tostring(value) end
  return ((value == 1 and one or other):gsub("#", tostring(value)))
end

-- A message's text with values: {name} is replaced, and {name|one|other} by what fits the count, # in it by the number.
-- What has no value stays, so that a script may count on.
function page.fill(text, values)
  return (text:gsub("{([%w_]+)([^{}]*)}", function(name, forms) return filled(values, name, forms) end))
end

-- t(key, values): the message in that language, else in English. A key without a message is a mistake of ours.
function page.words(language)
  local own, english = messages(language) or {}, messages("en")
  return function(key, values)
    local text = own[key] or english[key] or error("no message '" .. tostring(key) .. "'", 2)
    return (page.fill(text, values):gsub("es's%f[%W]", "es'")) -- "Utilities' website", but "Gas's"
  end
end

-- The language that a request asks for: ?lang=, its cookie, then Accept-Language.
function page.language(request)
  local wanted = { request.query.lang, request.cookies.lang }
  for part in (request.headers["accept-language"] or ""):gmatch("[%a]+[%a-]*") do wanted[#wanted + 1] = part:sub(1, 2):lower() end
  for i = 1, 2 + #wanted do
    local language = wanted[i]
    if language and language:find("^%l%l$") and messages(language) then return language end
  end
  return "en"
end

return page
