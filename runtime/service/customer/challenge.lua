-- What a challenge (contract, section 6) looks like on the Code Request page.
local own_words = require "service.own_words"
local challenge = {}

-- Titles by kind; every kind that is not here is "other".
local TITLED = { otp = true, totp = true, offline_code = true, question = true, select = true, approve = true, link = true, redirect = true,
                 scan = true, image_pick = true, credential = true, acknowledge = true, session_import = true }
-- Kinds whose answer is a code that was sent: those can fail to come.
local SENT = { sms = true, voice = true, email = true, push = true }
-- Types of fields -> of HTML's inputs.
local TYPES = { password = "password", email = "email", tel = "tel", date = "date", url = "url", number = "text", digits = "text" }

local function title_key(c)
  if c.kind == "question" and c.fields and #c.fields > 1 then return "customer.code.questions.title" end
  return "customer.code." .. (TITLED[c.kind] and c.kind or "other") .. ".title"
end

-- Where the code went: one sentence, or nil.
local function sent(c, t, utility)
  if c.kind == "totp" or c.medium == "app" and c.kind ~= "approve" then return t("customer.code.app", { utility = utility }) end
  if c.kind ~= "otp" and c.kind ~= "approve" and c.kind ~= "link" then return nil end
  local medium = c.medium == "app" and "push" or c.medium
  if not SENT[medium] then return nil end
  return t("customer.code." .. medium .. (c.dest and "" or "_plain"), { utility = utility, dest = c.dest })
end

local function field_of(name, label, type, more)
  local field = { name = name, id = name:gsub("[^%w]", "-"), label = label, type = TYPES[type] or "text", autocomplete = "off" }
  if type == "digits" or type == "number" then field.inputmode = "numeric" end
  for key, value in pairs(more or {}) do field[key] = value end
  return field
end

-- A one-time code: the keyboard of digits, the phone offers what it received.
local function code_field(c, t)
  local digits = math.tointeger(tonumber(c.digits))
  return field_of("a.answer", t("customer.code.field"), "digits", { autocomplete = "one-time-code", code = true, most = digits and digits + 4,
    inputmode = (digits or c.kind ~= "offline_code") and "numeric" or nil, hint = digits and t("customer.code.digits", { n = digits }) })
end

-- Adds label and lang to what is shown of one: an adapter's own words in the customer's language, else as the portal says them.
local function labelled(shown, text, c, language)
  local said, lang, own = own_words.say(language, text)
  shown.label, shown.lang = said, own and lang or c.lang or "en"
  return shown
end

local function choice_field(field, t)
  local choices = {}
  for i, one in ipairs(field.choices or {}) do
    choices[i] = type(one) == "table" and { id = one.id, label = one.label or one.id } or { id = one, label = one }
  end
  return field_of("a.field." .. field.name, field.label or t("customer.code.answer"), "text", { choices = choices })
end

local function fields_of(c, t, language)
  if c.fields and #c.fields > 0 then
    local out = {}
    for i, field in ipairs(c.fields) do
      local shown = field.choices and choice_field(field, t) or field_of("a.field." .. field.name, field.label or field.name, field.type)
      if field.sensitive and shown.type == "text" then shown.type = "password" end
      shown.optional, shown.most = field.optional, math.tointeger(tonumber(field.max))
      out[i] = field.label and labelled(shown, field.label, c, language) or shown
    end
    return out
  end
  if c.kind == "otp" or c.kind == "totp" or c.kind == "offline_code" then return { code_field(c, t) } end
  if c.kind == "link" or c.kind == "redirect" then
    return { field_of("a.answer", t("customer.code.link_field"), "text", { hint = t("customer.code.link_hint"), inputmode = "url" }) }
  end
  return { field_of("a.answer", t("customer.code.answer"), "text") }
end

local function choices_of(list, c, language)
  local out = {}
  local ours = true -- all in one language: a list that is half a portal's stays as it is
  for _, one in ipairs(list or {}) do ours = ours and select(3, own_words.say(language, one.label or one.id)) end
  for i, one in ipairs(list or {}) do
    out[i] = labelled({ id = one.id, dest = one.dest }, one.label or one.id, c, ours and language or "en")
  end
  return #out > 0 and out or nil
end

-- Seconds are whole: one is over before somebody presses.
-- Another code: "now", "later" with the seconds until then, "none" left, or nil (this portal sends none).
local function resend_of(c, now)
  local resend = c.resend
  if not resend then return nil end
  if not resend.allowed then return (c.kind == "otp" or c.kind == "approve") and SENT[c.medium] and { state = "none" } or nil end
  local wait = math.max(0, math.ceil((tonumber(resend.not_before) or 0) - now))
  return { state = wait > 1 and "later" or "now", wait = wait, left = resend.left }
end

-- Why no code may have come, for codes that are sent.
local function no_code(c, t, utility)
  if c.kind ~= "otp" and c.kind ~= "link" then return nil end
  local out = { t("customer.code.no_code.wait") }
  if c.medium == "sms" or c.medium == "voice" or c.medium == "email" then out[2] = t("customer.code.no_code." .. c.medium) end
  out[#out + 1] = t("customer.code.no_code.dest", { utility = utility })
  return out
end

-- The last answer was not accepted: what to say of it, or nil.
local function rejected(c, t, utility)
  if not c.message then return nil end
  local tries = math.tointeger(tonumber(c.tries_left))
  return { says = c.message ~= "" and c.message or nil, text = t("customer.code.wrong", { utility = utility }),
    tries = tries and t("customer.code.tries", { n = tries }) }
end

-- Another one was sent since the last answer: says so, or nil.
local function resent_of(c, t, utility)
  if c.resent ~= true then return nil end
  return t(c.kind == "approve" and "customer.code.resent_approve" or "customer.code.resent", { utility = utility })
end

-- What is asked: {text, lang, own: the adapter says so, not the utility}. nil where our own sentences say it already.
local function prompt_of(c, has_sent, language)
  if not c.prompt then return nil end
  local text, lang, own = own_words.say(language, c.prompt)
  if own and (has_sent or c.kind == "totp") then return nil end
  return { text = text, lang = own and lang or c.lang or "en", own = own }
end

-- c: the challenge without nulls; now: seconds. rejections: how many answers were refused so far.
function challenge.view(c, t, language, utility, now, rejections)
  local waits = c.kind == "approve"
  local choices, went = c.kind == "select" and choices_of(c.choices, c, language), sent(c, t, utility)
  local fields = not waits and not choices and c.kind ~= "acknowledge" and fields_of(c, t, language) or {}
  if c.kind == "image_pick" then choices = choices_of(c.choices, c, language) end
  if c.kind == "image_pick" and choices then fields = {} end
  return { id = c.id, kind = c.kind, title = t(title_key(c), { utility = utility }), sent = went, prompt = prompt_of(c, went, language),
    lang = c.lang or "en", display_code = waits and c.display_code or nil, waits = waits, choices = choices or nil, fields = fields,
    agree = c.kind == "acknowledge", url = c.url, wrong = (rejections or 0) > 0 and rejected(c, t, utility) or nil,
    alternatives = c.kind ~= "select" and choices_of(c.alternatives, c, language) or nil, resend = resend_of(c, now), resent = resent_of(c, t, utility),
    no_code = no_code(c, t, utility),
    expires = tonumber(c.expires_at) and math.floor(c.expires_at),
    minutes = tonumber(c.expires_at) and math.floor((c.expires_at - now) / 60 + 0.5), left = tonumber(c.expires_at) and c.expires_at - now }
end

return challenge
