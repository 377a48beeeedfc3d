-- What adapters say of their own accord, in the customer's language: steps, prompts, names of ways, progress.
--
-- pages/messages/adapters.lua has the words of the shipped ones. Anything else is a portal's, or an adapter's of the operator's own: English.
local own_words = {}

local known

local function all()
  known = known or load(host.file("pages/messages/adapters.lua"), "@pages/messages/adapters.lua", "t", {})()
  return known
end

-- "Text message: *** 12" -> "Text message", ": *** 12"; "Phone 2" -> "Phone ", "2". nil: nothing of it is known.
local function part(text)
  if all()[text] then return text, "" end
  local label = text:match("^(.-): ")
  if label and all()[label] then return label, text:sub(#label + 1) end
  for key in pairs(all()) do
    -- What follows is a number or an address, never a sentence.
    local rest = key:sub(-1) == " " and text:sub(1, #key) == key and text:sub(#key + 1)
    if rest and (rest:find("^[^%a]+$") or rest:find("^%S+$")) then return key, rest end
  end
  return nil
end

-- -> the text, the language it is in, and whether it is an adapter's own.
function own_words.say(language, text)
  local key, rest = part(text)
  if not key then return text, "en", false end
  if language == "en" then return text, "en", true end
  local said = all()[key][language]
  if not said then return text, "en", true end
  return said .. rest, language, true
end

-- {"Sign in at ...", ...} -> {{text, lang}, ...}.
function own_words.list(language, texts)
  local out = {}
  for i, text in ipairs(texts or {}) do
    local said, lang = own_words.say(language, text)
    out[i] = { text = said, lang = lang }
  end
  return out
end

return own_words
