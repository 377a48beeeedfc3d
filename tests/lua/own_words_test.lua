-- What adapters say of their own accord has words in every language; what portals say stays, marked as English.
package.path = "tests/lua/?.lua;" .. package.path
local t = require "harness"
local fake = require "pages_host"
local own_words = require "service.own_words"
local page = require "service.page"
local words = require "service.customer.words"

-- --- every text of the shipped adapters ----------------------------------------------------

-- Begin like a text for people and are none.
local NOT_SHOWN = { ["Bearer "] = "a header", ["Contract Account"] = "a column", ["Business Partner"] = "a column", ["Service Address"] = "a column",
                    ["Meter Number"] = "a column", ["Service Point"] = "a column",
                    ["Gigya's script is not on the sign-in page"] = "a fault for whoever mends it" }

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

-- Strings in double quotes of a module: those that are sentences, or stand where a label, a prompt or a line of progress does.
local function texts_of(source, found)
  source = source:gsub("%[(=*)%[.-%]%1%]", "nil"):gsub("%-%-[^\n]*", "")
  source = source:gsub("\n%s*name%s*=%s*\"[^\"\n]*\"", "") -- the utility's name
  for before, text in source:gmatch('([^"\n]*)"([^"\n]*)"') do
    local label = before:find("label%s*=%s*$") or before:find("prompt%s*=%s*$") or before:find("progress%(%s*$") or before:find("names%s*=") ~= nil
    local sentence = text:find("^%u%l") and text:find(" ", 1, true)
    if (sentence or label and text:find("^%u%l")) and not NOT_SHOWN[text] then found[text] = true end
  end
end

local found, files = {}, 0
local pipe = assert(io.popen("find scripts/utilities runtime/meterkey -name '*.lua' | sort"))
for path in pipe:lines() do
  texts_of(read(path), found)
  files = files + 1
end
pipe:close()
t.same(files > 30, true, "adapters and modules are found")
t.same(found["How should the code be sent?"] and found["Open My Profile."] and found["Text message"], true, "and texts in them")

local en = page.words "en"
local function translated(text)
  local label, lang = words.label(page.words "es", "es", text)
  if lang == "es" and label ~= text then return true end
  label, lang = own_words.say("es", (text:gsub(": $", "")))
  return lang == "es" and label ~= text
end

local missing = {}
for text in pairs(found) do
  if not translated(text) then missing[#missing + 1] = text end
end
table.sort(missing)
t.same(missing, {}, "every text of an adapter is said in Spanish")

pipe = assert(io.popen("cat scripts/utilities/*.lua runtime/meterkey/*.lua runtime/meterkey/idp/*.lua core/session/run.c"))
local used = pipe:read("a")
pipe:close()
local idle = {}
for text in pairs(load(read "runtime/pages/messages/adapters.lua", "adapters", "t", {})()) do
  if not used:find(text, 1, true) then idle[#idle + 1] = text end
end
t.same(idle, {}, "no words for what nobody says")

-- --- how they are said -------------------------------------------------------------------------

local function said(language, text) return { own_words.say(language, text) } end
t.same(said("es", "Text message: (***) ***-0142"), { "Mensaje de texto: (***) ***-0142", "es", true }, "a way and its number")
t.same(said("es", "Email to p***@mail.test"), { "Correo electrónico a p***@mail.test", "es", true }, "a way and its address")
t.same(said("es", "Phone 2"), { "Teléfono 2", "es", true }, "a phone by number")
t.same(said("es", "Phone and fax"), { "Phone and fax", "en", false }, "a portal's words stay")
t.same(said("en", "Another way"), { "Another way", "en", true }, "known in English, too")
t.same({ words.label(page.words "es", "es", "Account number") }, { "Account number", "en", false }, "an adapter of the operator's own is in English")
t.same({ words.label(en, "en", "Email") }, { "E-mail address", "en" }, "one word for one thing")

-- --- on the pages --------------------------------------------------------------------------------

local function has(response, part, name) t.same((response.body or ""):find(part, 1, true) ~= nil, true, name) end
local function lacks(response, part, name) t.same((response.body or ""):find(part, 1, true), nil, name) end
local SPANISH = { query = { lang = "es" } }

local function north() return fake.adapters[2] end
north().mfa.steps = { "Open My Profile.", "Turn the knob." }
fake.stand("failed", "north", { error = { code = "mfa.must_be_off" } })
has(fake.get("/f/token", SPANISH), '<li lang="es">Abra My Profile (mi perfil).</li>', "a step in Spanish")
has(fake.get("/f/token", SPANISH), '<li lang="en">Turn the knob.</li>', "one of an adapter of the operator's own is marked")
has(fake.get("/help/north", SPANISH), '<li lang="es">Abra My Profile (mi perfil).</li>', "on the help page, too")
has(fake.get("/f/token", { query = { utility = "north", lang = "es", again = "1" } }), '<span lang="en">ZIP code</span>', "a label without words")

local function asked(c, language)
  c.id = "c1"
  fake.stand("code", "demo", { challenge = c })
  return fake.get("/f/token", { query = { lang = language } })
end
local way = { kind = "select", prompt = "How should the code be sent?", choices = { { id = "1", label = "Text message: *** 12" } } }
local shown = asked(way, "es")
has(shown, '<p id="prompt" lang="es">¿Cómo se debe enviar el código?</p>', "an adapter's prompt in Spanish")
has(shown, '<span lang="es">Mensaje de texto: *** 12', "a choice")
shown = asked(way, "en")
has(shown, '<p id="prompt" lang="en">How should the code be sent?</p>', "and in English")
lacks(shown, "DEMO Power &amp; Gas says:", "not said to be the utility's")
shown = asked({ kind = "otp", prompt = "Type it here", alternatives = { { id = "x", label = "Another way" } } }, "es")
has(shown, '<span class="strong" lang="en">Type it here</span>', "a portal's prompt stays")
has(shown, '<button class="link" lang="es">Otra forma', "another way")
lacks(asked({ kind = "otp", medium = "sms", prompt = "Enter the code that was sent by text message" }, "en"), 'id="prompt"',
  "nothing is said twice")
shown = asked({ kind = "question", fields = { { name = "pet", label = "Your pet?" } } }, "es")
has(shown, '<span lang="en">Your pet?</span>', "a portal's question")

fake.stand("working", "demo", { session = { uid = "9", state = "running", progress = "Counting meters" } })
has(fake.get("/f/token", SPANISH), '<p role="status" lang="en" data-progress>Counting meters</p>', "progress without words is marked")

-- --- in mails --------------------------------------------------------------------------------------

package.loaded["service.timeline"] = { add = function() end }
package.loaded["service.forms"].url = function() return "https://meters.helio.test/f/token" end
local resend = require "service.resend"

local function mailed(language)
  fake.calls, fake.form.language, fake.form.customer_email = {}, language, "pat@mail.test"
  fake.stand("failed", "north", { error = { code = "mfa.must_be_off" } })
  resend.notify(fake.form, "https://meters.helio.test")
  return fake.called("mail")[5].words.text
end

for language, parts in pairs {
  es = { "Cómo desactivarla:", "1. Abra My Profile (mi perfil).", "La página de North Light sobre esto: https://www.north.test/mfa" },
  en = { "How to switch it off:", "1. Open My Profile.", "North Light's own page about it: https://www.north.test/mfa" },
} do
  local text = mailed(language)
  for _, part in ipairs(parts) do t.same(text:find(part, 1, true) ~= nil, true, "the mail on switching off, " .. language .. ": " .. part) end
end
t.finish()
