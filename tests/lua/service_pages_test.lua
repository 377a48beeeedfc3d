-- The customer's pages: what they escape, what they say in each language, a page for each state, error and kind of challenge.
package.path = "tests/lua/?.lua;" .. package.path
local t = require "harness"
local fake = require "pages_host"
local page = require "service.page"

-- Without what only keeps a word on one line.
local function plain(response) return ((response.body or ""):gsub('<span class="whole">(.-)</span>', "%1")) end

local function has(response, part, name)
  t.same(plain(response):find(part, 1, true) ~= nil, true, name)
end

local function lacks(response, part, name)
  t.same(plain(response):find(part, 1, true), nil, name)
end

-- --- templates escape ----------------------------------------------------------------------

local HOSTILE = [[zq<script>"'&zq]]

-- A value that is any variable at all: a text, a list of one, a function, a table of itself.
local any = setmetatable({}, {})
local meta = getmetatable(any)
meta.__tostring = function() return HOSTILE end
meta.__index = function(_, key) return not (math.type(key) and key > 1) and any or nil end
meta.__call = function() return any end
meta.__concat = function(a, b) return tostring(a) .. tostring(b) end
meta.__len = function() return 1 end
meta.__idiv = function() return any end
meta.__lt = function() return true end

local function listed(folder)
  local out, pipe = {}, assert(io.popen("find " .. folder .. " -name '*.html' | sort"))
  for line in pipe:lines() do out[#out + 1] = line:match("^runtime/pages/(.+)%.html$") end
  pipe:close()
  return out
end

local templates = listed("runtime/pages/customer runtime/pages/help runtime/pages/dashboard")
templates[#templates + 1] = "mail"
t.same(#templates >= 43, true, "templates are found: " .. #templates)
-- A chart is a text of our own: of what is any variable there is none to show as it is.
local function own(text) return page.raw(type(text) == "string" and text or "") end
for _, name in ipairs(templates) do
  -- Twice: with everything there, and with what a page shows only instead of something else.
  for _, without in ipairs { "", "closed", "c" } do
    local values = setmetatable({}, { __index = function(_, key)
      if key == without or key == "ipairs" then return nil end
      return key == "raw" and own or any
    end })
    local done, text = pcall(page.render, name, values)
    if without == "c" and not done then text = "" end -- the Code Request page is about a challenge
    t.same(text:find(HOSTILE:sub(1, 10), 1, true) or text:find([["'&zq]], 1, true), nil, "escapes: " .. name .. " without " .. without)
    if without == "" then
      t.same(done and text:find("zq&lt;script&gt;&quot;&#39;&amp;zq", 1, true) ~= nil, true, "shows its values: " .. name)
    end
  end
end

-- What a template calls raw is a text of its own, never a value.
for _, name in ipairs(templates) do
  local bad
  for inside in host.file("pages/" .. name .. ".html"):gmatch("raw(%b())") do
    for text in inside:gsub("'[^']*'", ""):gsub('"[^"]*"', ""):gmatch("%.%.%s*([%a_.]+)") do bad = text end
  end
  t.same(bad, nil, "nothing foreign is raw: " .. name)
end

-- --- messages ----------------------------------------------------------------------------------

local function messages(language) return load(host.file("pages/messages/" .. language .. ".lua"), language, "t", {})() end
local en, es = messages "en", messages "es"

local function names(text)
  local out = {}
  for name in text:gmatch("{([%w_]+)[^{}]*}") do out[name] = true end
  return out
end

local missing = {}
for key, text in pairs(en) do
  if not es[key] then
    missing[#missing + 1] = key
  else
    t.same(names(es[key]), names(text), "the same names: " .. key)
  end
end
for key in pairs(es) do
  if not en[key] then missing[#missing + 1] = key end
end
t.same(missing, {}, "every message in both languages")

-- Counts: no "1 meters", no "2 meter", whatever the count. "Step 1 of 3" counts nothing.
local COUNTS, counted = { n = true, count = true, seconds = true, minutes = true }, 0
for language, texts in pairs { en = en, es = es } do
  for key, text in pairs(texts) do
    local bare, said = text:match("{(%l+)}"), {}
    t.same(COUNTS[bare] and key ~= "customer.step", COUNTS[bare] and false, "a count has its forms: " .. key)
    local name = text:match("{(%l+)|")
    for count = 0, name and 2 or -1 do said[count] = page.words(language)(key, { [name] = count, utility = "U" }) end
    if name then
      counted = counted + 1
      t.same(said[0], (said[2]:gsub("2", "0")), "none as many: " .. key)
      t.same(said[1]:match("1 (%S+)") ~= said[2]:match("2 (%S+)") and not said[1]:find("[{}|#]"), true,
        "one as one: " .. key .. ": " .. said[1])
    end
  end
end
t.same(counted >= 24, true, "messages with counts are found: " .. counted)
t.same(page.words "en"("customer.code.tries"), "You have {n|# try|# tries} left.", "a count that is not known yet is left to the script")
t.same({ page.fill("{n}{n|}{n|a|b|c}{q}", { n = 1, q = "{n|a|b}" }) }, { "1{n|}{n|a|b|c}{n|a|b}" }, "what comes in is no message")

local codes = {}
for code in assert(io.open("core/base/fault_table.c")):read("a"):gmatch('{ "([%l_]+%.[%l_]+)",') do codes[#codes + 1] = code end
t.same(#codes > 60, true, "codes are found")
for _, code in ipairs(codes) do
  for language, texts in pairs { en = en, es = es } do
    t.same(texts["error." .. code] ~= nil and texts["error." .. code .. ".help"] ~= nil, true, "said in " .. language .. ": " .. code)
  end
end

-- Every message that the Lua or a template names by its whole key is there.
local pipe = assert(io.popen([[grep -rhoE '[( ]t\("[a-z_.0-9]+"' runtime/service/customer runtime/pages/customer runtime/pages/help runtime/pages/mail.html]]))
for line in pipe:lines() do
  local key = line:match('"(.-)"')
  if not key:find("[._]$") then t.same(en[key] ~= nil, true, "there is a message " .. key) end
end
pipe:close()

-- And none is there that nobody names: by its whole key, or as "begin." .. what or "begin." .. what .. ".end".
local whole, made = {}, {}
pipe = assert(io.popen("find runtime/service runtime/pages -name '*.lua' -not -path '*/messages/*' -o -name '*.html'"))
for path in pipe:lines() do
  local text = assert(io.open(path)):read("a")
  for key, after in text:gmatch('"(%l+%.[%w_.]*)"()') do
    local last = text:match('^ %.%. [%w_.]+ %.%. "([%w_.]*)"[^%s]', after)
    if not text:find("^ %.%. ", after) then whole[key] = true
    else made[#made + 1] = "^" .. key:gsub("%.", "%%.") .. (last and "[%w_]+" .. last:gsub("%.", "%%.") .. "$" or "") end
  end
end
pipe:close()
for key in pairs(en) do
  local named = whole[key]
  for _, pattern in ipairs(made) do named = named or key:find(pattern) ~= nil end
  t.same(named, true, "somebody says " .. key)
end

-- --- the pages before anything is sent --------------------------------------------------------

local first = fake.get("/f/token")
t.same(first.status, 200, "the link")
has(first, "DEMO Power &amp; Gas", "all utilities are listed")
has(first, "Helio Solar asks for your permission", "for whom")
has(first, 'href="/f/token?utility=North"', "a utility is chosen by a link")
t.same(first.headers["Content-Security-Policy"]:find("unsafe", 1, true), nil, "nothing inline is allowed")
t.same(first.headers["Set-Cookie"][1]:find("HttpOnly; SameSite=Lax", 1, true) ~= nil, true, "the guard's cookie")
t.same(#first.body + #host.file("pages/style.css") + #host.file("pages/app.js") + #host.file("pages/icon.svg") < 50000, true,
  "the first page is below 50 KB in all")
t.same(first.body:find("https?://[^%s\"]*%.[^%s\"]*%.css") or first.body:find('src="http'), nil, "nothing is fetched from elsewhere")
lacks(fake.get("/f/token", { query = { q = "illinois" } }), "DEMO Power", "a search")
has(fake.get("/f/token", { query = { q = "illinois" } }), "North Light", "a search by the state's name")
has(fake.get("/f/token", { query = { q = "<b>" } }), "matches “&lt;b&gt;”", "a search for nothing we have")
t.same(fake.get("/f/wrong").status, 404, "a wrong link")
t.same(fake.get("/f/token/nothing"), nil, "another path")

local relay = fake.get("/f/token", { query = { utility = "demo", email = "pat@mail.test" } })
has(relay, 'name="c.username" type="text" autocomplete="username"', "a credential's field")
has(relay, 'name="c.password" type="password" autocomplete="current-password"', "the password's field")
has(relay, 'value="pat@mail.test"', "the e-mail of the link")
has(relay, "For 3 years from today.", "for how long")
lacks(relay, "switch off two-step", "no note where codes are passed on")
local off = fake.get("/f/token", { query = { utility = "NORTH" } })
has(off, "First: switch off two-step verification", "the note before signing in")
has(off, 'href="/help/north"', "with help")
t.same(plain(off):find("First: switch off", 1, true) < plain(off):find('name="c.username"', 1, true), true, "the note comes before the fields")
has(fake.get("/f/token", { query = { utility = "stone" } }), "is paused at the moment", "a paused utility")
lacks(fake.get("/f/token", { query = { utility = "stone" } }), 'name="c.username"', "cannot be signed in to")
has(fake.get("/f/token", { query = { utility = "demo", lang = "es" } }), "Autorizar e iniciar sesión", "in Spanish")
has(fake.get("/f/token", { query = { lang = "es" } }), '<html lang="es"', "and says so")
fake.form.scope = { expires = "until_revoked", ongoing_end = "2027-01-31T00:00:00Z" }
has(fake.get("/f/token", { query = { utility = "demo" } }), "Until you revoke it. So that new meters and changes are seen, "
  .. "Meterkey signs in again by itself about every 7 days, until January 31, 2027.", "the scope in words")
has(fake.get("/f/token", { query = { utility = "demo", lang = "es" } }), "aproximadamente cada 7 días, hasta el 31 de enero de 2027", "in Spanish")
local WORKS = "that works only while it is off: if it is on, the next reading ends this, your sign-in is deleted here, and Helio Solar has to ask you"
has(fake.get("/f/token", { query = { utility = "north" } }), "But until January 31, 2027 the list", "until when MFA has to stay off")
has(fake.get("/f/token", { query = { utility = "north" } }), WORKS, "what MFA that is on again means")
lacks(fake.get("/f/token", { query = { utility = "demo" } }), WORKS, "where codes are passed on")
fake.form.scope.expires = "2026-12-31T00:00:00Z"
has(fake.get("/f/token", { query = { utility = "demo" } }), "about every 7 days, until December 31, 2026", "no longer than access lasts")
fake.form.scope.ongoing_end = "2020-01-31T00:00:00Z"
has(fake.get("/f/token", { query = { utility = "demo" } }), "deleted as soon as the list has been read", "what has ended is not ongoing")
fake.reset()

fake.template.frame_ancestors = { "https://app.helio.test" }
has(fake.get("/f/token"), 'href="/help/mfa" target="_blank"', "help opens beside a frame")
fake.template.redirect_uris = { "https://app.helio.test/back?x=1", "helio://done" }
local framed = fake.get("/f/token").headers["Content-Security-Policy"]
t.same(framed:find("frame-ancestors https://app.helio.test", 1, true) ~= nil, true, "framed where the template says")
t.same(framed:find("form-action 'self' https://app.helio.test helio:;", 1, true) ~= nil, true, "a form may lead back")
fake.reset()

-- --- what is sent --------------------------------------------------------------------------------

local SEALED = { names = { "username", "password" }, credentials = "x", key = "k", digest = "d" }
local function consent(fields, more)
  fields.utility = fields.utility or "demo"
  more = more or {}
  more.sealed = more.sealed or SEALED
  return fake.post("/f/token/consent", "token", fields, more)
end

local sent = consent { email = " pat@mail.test " }
t.same({ sent.status, sent.headers.Location }, { 303, "/f/token?go=1" }, "consent and sign-in")
t.same(fake.called("submit")[3].email, "pat@mail.test", "are submitted")
t.same(fake.called("mail")[3], "receipt", "a receipt is sent")
fake.calls = {}
fake.stand("failed", "demo", { error = { code = "auth.credentials" } })
consent { email = "pat@mail.test" }
t.same({ fake.called("submit") ~= nil, fake.called("mail") }, { true }, "once, however many tries")
t.same({ fake.called("modify")[4].customer_email, fake.called("modify")[4].language }, { "pat@mail.test", "en" }, "what was not known is kept")
fake.reset()
t.same(fake.get("/f/token/consent").headers.Location, "/f/token", "its address loaded anew")
local forged = fake.post("/f/token/consent", "token", { utility = "demo", email = "pat@mail.test", guard = "nonce.0000" }, { sealed = SEALED })
t.same({ forged.status, fake.called("submit") }, { 403 }, "a form that is none of ours")
forged = consent({ email = "pat@mail.test" }, { headers = { ["sec-fetch-site"] = "cross-site" } })
t.same({ forged.status, fake.called("submit") }, { 403 }, "sent from another site")
t.same(fake.post("/f/token/consent", "other", { utility = "demo" }, { sealed = SEALED }).status, 403, "another link's form")
local empty = consent({ email = "pat" }, { sealed = { names = { "username" } } })
t.same({ empty.status, fake.called("submit") }, { 400 }, "an incomplete form")
has(empty, '<a href="#c-password">Password: please fill this in.</a>', "the summary leads to the field")
has(empty, 'aria-describedby="c-password-wrong"', "the field says so, too")
has(empty, 'aria-describedby="email-hint email-wrong"', "a bad e-mail address")
fake.refused = "same_password"
local same = consent { email = "pat@mail.test" }
t.same({ same.status, fake.called("submit") }, { 409 }, "a password that was refused already")
has(same, 'name="same"', "can be said to be right now")
fake.refused, fake.till = "rest", fake.now + 600 * 1000000
has(consent { email = "pat@mail.test" }, "we wait about 10 minutes", "resting")
fake.reset()
fake.template.redirect_uris = { "https://app.helio.test/back?x=1" }
local astray = consent({ email = "pat@mail.test" }, { query = { redirect_uri = "https://evil.test/" } })
t.same({ astray.status, fake.called("submit") }, { 400 }, "an address to return to that is not listed")
has(consent({ email = "pat@mail.test", utility = "nobody" }), "Please choose from the list", "an unknown utility")
t.same(fake.post("/f/token/decline", "token").headers.Location, "/f/token?go=1", "declining")
t.same(fake.called("decline") ~= nil, true, "is done")
fake.stand("declined", "demo")
t.same(fake.get("/f/token", { query = { go = "1", state = "s 1" } }).headers.Location,
  "https://app.helio.test/back?x=1&error=access_denied&error_description=The%20customer%20declined.&state=s%201", "and leads back")
t.same(fake.get("/f/token", { query = { go = "1", noredirect = "1" } }).status, 200, "unless told not to")
fake.stand("done", "demo")
t.same(fake.get("/f/token", { query = { go = "1" } }).headers.Location, "https://app.helio.test/back?x=1&referral=ref1", "success leads back")
has(fake.get("/f/token"), "Thank you, that is all", "coming back later shows it")
fake.reset()
t.same(fake.get("/authorize/helio").status, 200, "the template's own link")
t.same(fake.called("create"), nil, "makes nothing by being looked at")
sent = fake.post("/authorize/helio/consent", "portal:helio", { utility = "demo", email = "pat@mail.test" }, { sealed = SEALED })
t.same(sent.headers.Location, "/f/fresh?go=1", "but a data request when it is sent")
t.same(fake.get("/authorize/helio", { query = { f = "token", utility = "demo" } }).headers.Location, "/f/token?utility=demo", "?f= of old links")
t.same(fake.get("/authorize/nobody").status, 404, "no such template")
fake.reset()

-- --- where it stands -------------------------------------------------------------------------------

fake.stand("working", "demo")
local working = fake.get("/f/token")
has(working, '<noscript><meta http-equiv="refresh"', "progress without a script")
has(working, 'data-live="/f/token" data-state="working:9::::"', "and with one")
t.same(fake.get("/f/token/state").body, "working:9::::\n", "the state that it looks at")
t.same(fake.get("/f/token/events").stream, "form:70318", "the events")
for _, state in ipairs { "expired", "disabled", "revoked", "declined", "sent" } do
  fake.stand(state, "demo")
  t.same(fake.get("/f/token").body:find("<h1>", 1, true) ~= nil, true, "a page: " .. state)
end
fake.stand("done", "demo")
fake.progress.authorization.expired = fake.now
has(fake.get("/f/token"), "This authorization has ended", "its time is over")
fake.stand("done", "gone")
fake.progress.authorization.utility = "Old Light"
has(fake.get("/f/token"), "your Old Light account", "an utility whose adapter is gone")
fake.stand("done", "north")
has(fake.get("/f/token"), "Switch two-step verification on again", "the reminder")
lacks(fake.get("/f/token"), WORKS, "where nothing is read again")
fake.kept = { till = 1800000000 * 1000000, refreshed = fake.now }
has(fake.get("/f/token"), "But until January 15, 2027 the list", "and what comes of it where the list is read again")
has(fake.get("/f/token"), "there you can delete your sign-in, or revoke access.", "and how to end that")
lacks(fake.get("/f/token"), "you can switch it on again now", "not as if nothing came of it")
fake.kept = nil
fake.stand("failed", "north", { error = { code = "mfa.must_be_off" } })
has(fake.get("/f/token"), "You can switch it on again as soon as you are done here.", "it has to be off for a moment")
fake.progress.authorization.scope = { ongoing_end = "2027-01-31T00:00:00Z" }
has(fake.get("/f/token"), "But until January 31, 2027 the list", "or for longer")
lacks(fake.get("/f/token"), "You can switch it on again as soon as", "and not for a moment")
fake.stand("done", "north")
has(fake.get("/f/token"), 'href="/receipt/', "the receipt")

-- The password may be wrong, another login is wanted, or nothing was wanted at all: of every other failure the page says that it is right.
local UNSAID = { ["engine.cancelled"] = true, ["auth.wrong_portal"] = true, ["auth.not_a_customer"] = true, ["site.permission"] = true }
for _, code in ipairs { "credentials", "lock_risk", "locked", "password_expired", "credentials_reset" } do UNSAID["auth." .. code] = true end
local owners = {}
for code, owner in assert(io.open("core/base/fault_table.c")):read("a"):gmatch('{ "([%l_]+%.[%l_]+)", "(%l+)"') do owners[code] = owner end
for _, code in ipairs(codes) do
  fake.stand("failed", "demo", { error = { code = code, owner = owners[code], retry = "after" } })
  t.same(fake.get("/f/token").body:find("password are not the problem", 1, true) == nil, UNSAID[code] == true, "whether the password may be wrong: " .. code)
  fake.stand("failed", "demo", { error = { code = code } })
  local failed = fake.get("/f/token", { query = { lang = "es" } })
  t.same(failed.status == 200 and failed.body:find("{", 1, true) == nil, true, "a page: " .. code)
  t.same(failed.body:find('href="/help/', 1, true) ~= nil, true, "leads to help: " .. code)
end
fake.stand("failed", "demo", { error = { code = "auth.credentials", owner = "user", retry = "after_user", evidence = { site_message = "No <b>" } } })
has(fake.get("/f/token"), "No &lt;b&gt;", "the portal's own words")
lacks(fake.get("/f/token"), "are not the problem", "a password that may be wrong")
fake.stand("failed", "demo", { error = { code = "site.down", owner = "site", retry = "after" } })
has(fake.get("/f/token"), "Your user name and password are not the problem", "a password that is not")
fake.stand("failed", "demo", { error = { code = "auth.session_lost", owner = "engine", retry = "now" } })
has(fake.get("/f/token"), "time ran out", "nobody is blamed")
t.same({ page.words "en"("customer.failed.portal", { utility = "Rockland Utilities" }),
    page.words "en"("customer.failed.portal", { utility = "Peoples Gas" }) },
  { "Go to Rockland Utilities' website", "Go to Peoples Gas's website" }, "whose it is")
fake.stand("failed", "demo", { error = { code = "adapter.parse", owner = "adapter", retry = "never" } })
lacks(fake.get("/f/token"), "again=1", "what only we can mend is not tried again")
fake.stand("failed", "demo", { error = { code = "never.heard", owner = "operator" } })
t.same(fake.get("/f/token").status, 200, "an unknown code")
fake.stand("failed", "north", { error = { code = "mfa.must_be_off" } })
has(fake.get("/f/token"), "I have switched it off, try again", "switch it off")
has(fake.get("/f/token"), 'href="https://www.north.test/mfa"', "as the utility says")
has(fake.get("/f/token", { query = { again = "1", utility = "north" } }), 'name="c.username"', "trying again is a new sign-in")
fake.stand("failed", "stone", { error = { code = "mfa.must_be_off" } })
has(fake.get("/f/token"), "Helio Solar has been told and will offer you another way", "where it cannot be switched off")
lacks(fake.get("/f/token"), "I have switched it off", "nobody is told to")

-- --- the Code Request page ---------------------------------------------------------------------------

local now = fake.now // 1000000
local function asked(c, session)
  c.id, c.expires_at, c.tries_left = "c1", now + 600, c.tries_left or 3
  fake.stand("code", "demo", { challenge = c })
  for name, value in pairs(session or {}) do fake.progress.session[name] = value end
  return fake.get("/f/token")
end

for _, kind in ipairs { "otp", "totp", "offline_code", "question", "select", "approve", "link", "redirect", "scan", "image_pick", "credential",
                        "acknowledge", "session_import", "something_new" } do
  local shown = asked { kind = kind, prompt = HOSTILE, choices = { { id = HOSTILE, label = HOSTILE } }, dest = HOSTILE, medium = "sms" }
  has(shown, "zq&lt;script&gt;", "a page: " .. kind)
  lacks(shown, "zq<script>", "escaped: " .. kind)
  t.same(shown.body:find('name="challenge" value="c1"', 1, true) ~= nil, kind ~= "approve", "what is answered: " .. kind)
end
local otp = asked { kind = "otp", medium = "sms", dest = "•• 12", digits = 6, resend = { allowed = true, not_before = now + 20, left = 2 },
  alternatives = { { id = "email", label = "E-mail" } } }
has(otp, 'name="a.answer" type="text" autocomplete="one-time-code" inputmode="numeric"', "a code's field")
has(otp, "has sent a text message to •• 12.", "where it went")
has(otp, 'data-wait="20"', "another one, after a while")
has(otp, 'name="a.resend"', "can be asked for")
has(otp, 'name="a.choice" value="email"', "another way")
has(otp, "about 10 minutes", "time left")
lacks(otp, "A new code was sent", "the first one is not called new")
local fresh = asked({ kind = "otp", medium = "sms", resent = true, resend = { allowed = true, not_before = now - 9, left = 2 } }, { rejected = 1 })
has(fresh, "A new code was sent. Only the newest one works", "one was sent anew, however long ago")
lacks(fresh, "did not accept", "what was said of the last code is over")
t.same(off.body:find('<span class="whole">two-step</span> verification</h2>', 1, true) ~= nil, true, "a word with a hyphen stays on one line")
has(otp, "No code came?", "what to do if none came")
local wrong = asked({ kind = "otp", medium = "sms", message = "Wrong code", tries_left = 1 }, { rejected = 1 })
has(wrong, "You have 1 try left.", "tries left")
has(wrong, "Wrong code", "the portal's own words about the code")
lacks(asked { kind = "otp", message = "We sent it" }, "did not accept", "a message that is no refusal")
has(asked({ kind = "otp" }, { answer_note = "too long" }), "That cannot be the answer", "an answer that cannot be one")
has(asked({ kind = "otp" }, { answer_note = "it can be sent again in 17 seconds" }), "can be asked for in 17 seconds", "one asked for too early")
has(asked({ kind = "otp" }, { answer_note = "it can be sent again in 1 second" }), "can be asked for in 1 second.", "by one second")
lacks(asked { kind = "otp", dest = host.null, prompt = host.null }, "null", "a null is nothing")
local two = asked { kind = "question", fields = { { name = "pet", label = "Pet?" }, { name = "st", label = "Street?", optional = true } } }
has(two, 'name="a.field.pet"', "several questions")
has(two, 'asks security questions', "said as several")
has(asked { kind = "acknowledge", prompt = "Terms" }, 'name="a.ok"', "agreeing")
has(asked { kind = "acknowledge", prompt = "Terms" }, "Nobody agrees for you", "is the customer's own")
lacks(asked { kind = "acknowledge", prompt = "Terms" }, "with a second step", "and no code")
has(asked { kind = "approve", medium = "push", display_code = "47" }, '<p class="number">47</p>', "the number to choose")
has(asked { kind = "approve" }, '<noscript><meta http-equiv="refresh"', "an approval goes on by itself")
lacks(asked { kind = "otp" }, 'http-equiv="refresh"', "a page that is typed into does not")

fake.stand("code", "demo", { challenge = { id = "c1", kind = "otp" } })
t.same(fake.post("/f/token/answer", "token", { challenge = "c1" }, { sealed = { answer = "sealed" } }).headers.Location, "/f/token", "an answer")
t.same({ fake.called("answer")[3], fake.called("answer")[4] }, { "c1", "sealed" }, "is handed on sealed")
fake.post("/f/token/cancel", "token")
t.same(fake.called("cancel") ~= nil, true, "giving up")
fake.reset()

local spans = require "service.customer.words"
for text, want in pairs { ["3y"] = "3 years", ["1m"] = "1 month", until_revoked = "until it is revoked", ["2029-03-02T00:00:00Z"] = "until March 2, 2029" } do
  t.same(spans.lasts(page.words "en", text), want, "in words: " .. text)
end
t.same(spans.lasts(page.words "es", "3y"), "3 años", "in Spanish")

-- --- receipt, help, static -------------------------------------------------------------------------------

t.same(fake.get("/receipt/x").status, 404, "no such receipt")
fake.receipt = { uid = "1", team = "t", template = "1", utility = "DEMO", status = "updated", created = fake.now,
  expires = "2029-03-02T00:00:00.000000+00:00", scope = {}, receipt = "x" }
has(fake.get("/receipt/x"), "You allowed Helio Solar to see your DEMO Power &amp; Gas account.", "the receipt")
has(fake.get("/receipt/x"), "Until March 2, 2029.", "until when")
has(fake.get("/receipt/x"), "Your password is not kept.", "nothing of the sign-in is kept")
lacks(fake.get("/receipt/x"), 'name="forget"', "so nothing is to be deleted")
fake.kept = { till = 1800000000 * 1000000, refreshed = fake.now }
has(fake.get("/receipt/x"), "about every 7 days, until January 15, 2027. For that, your user name and password are kept", "what is kept, and why")
lacks(fake.get("/receipt/x"), WORKS, "nothing of MFA where codes are passed on")
fake.receipt.utility = "North"
has(fake.get("/receipt/x"), WORKS, "that MFA ends it")
fake.receipt.utility = "DEMO"
has(fake.get("/receipt/x", { query = { lang = "es" } }), "Borrar mi inicio de sesión ahora", "how to end it, in Spanish")
t.same(fake.post("/receipt/x", "other", { forget = "yes" }).status, 403, "not by another page")
t.same(fake.called("stop_keeping"), nil, "nothing is deleted")
t.same(fake.post("/receipt/x", "receipt:x", { forget = "yes" }).status, 303, "the sign-in alone")
t.same({ fake.called("stop_keeping") ~= nil, fake.called("revoke") }, { true, nil }, "is deleted")
fake.kept = nil
has(fake.get("/receipt/x", { query = { revoke = "1" } }), 'name="revoke" value="yes"', "revoking is asked for")
t.same(fake.post("/receipt/x", "other", { revoke = "yes" }).status, 403, "not by another page")
t.same(fake.called("revoke"), nil, "nothing is revoked")
t.same(fake.post("/receipt/x", "receipt:x", { revoke = "yes" }).status, 303, "and confirmed")
t.same(fake.called("revoke")[4], "customer", "it is revoked")
t.same(fake.called("audit")[4], "authorization.revoked", "and noted")

t.same(fake.called("mail")[3], "revoked", "the customer gets it in writing")

local letters = require "service.letters"
local linked = { uid = "1", team = "t", template = "1", form = "70318", utility = "North", customer_email = "pat@mail.test" }
fake.reset()
letters.linked(linked)
t.same(fake.called("mail"), nil, "no letter without an address of the service's own")
host.config.url = "https://meters.helio.test/"
letters.linked(linked)
t.same({ fake.called("mail")[3], fake.called("mail")[5].link }, { "off", "https://meters.helio.test/help/north" }, "MFA can be on again")
fake.reset()
fake.kept = { till = 1800000000 * 1000000, refreshed = fake.now }
for language, words in pairs { en = { WORKS, "January 15, 2027", "open your receipt" },
                               es = { "eso solo funciona mientras esté desactivada", "15 de enero de 2027", "abra su comprobante" } } do
  fake.form.language = language
  letters.linked(linked)
  local values = fake.called("mail")[5]
  t.same(values.link:match("^https://meters.helio.test/receipt/%x+$") ~= nil, true, "where the list is read again, the letter leads to what ends it")
  dofile("runtime/service/mails.lua").send("t", "off", "pat@mail.test", values)
  local mail = fake.called("insert")[3]
  for _, part in ipairs(words) do t.same(mail.text:find(part, 1, true) ~= nil, true, language .. ": the letter says " .. part) end
  t.same({ (mail.subject .. mail.text):find("[{}]"), mail.text:find("switch it on again now", 1, true) }, {}, "and nothing else")
end
fake.reset()
linked.utility = "demo"
letters.linked(linked)
t.same(fake.called("mail"), nil, "where it had to be off")
host.config.url = ""

local help = fake.get("/help/mfa")
has(help, "Asks for a code by text, call or e-mail.", "what is asked for is a sentence")
t.same(help.body:find("DEMO Power", 1, true) < help.body:find("North Light", 1, true), true, "who passes codes on, who needs it off")
has(fake.get("/help/north"), "Switch it off.", "the utility's own steps")
has(fake.get("/help/north"), "https://www.north.test/mfa", "and page")
has(fake.get("/help/stone"), "does not let every customer switch it off", "where it cannot be")
has(fake.get("/help/demo", { query = { lang = "es" } }), "un código por mensaje", "in Spanish, too")
has(fake.get("/help/demo"), "That can happen once: such a reading is the last", "a code that nobody asked for")
t.same(fake.get("/help/nobody").status, 404, "no such utility")
has(fake.get("/help/nobody"), "There is no utility of that name here.", "is said in its own words")
has(fake.get("/help/nobody"), 'href="/help/mfa">All utilities</a>', "with a way on")

local static = require "service.static"
local css = fake.get("/static/style.css", { query = { v = static.url("style.css"):match("v=(%w+)$") } })
t.same({ css.type, css.headers["Cache-Control"] }, { "text/css; charset=utf-8", "public, max-age=31536000, immutable" }, "the style")
t.same(fake.get("/static/style.css", { query = { v = "old" } }).headers["Cache-Control"], "no-cache", "of another version")
t.same(fake.get("/static/..%2fx.css"), nil, "no other file")
t.same(fake.get("/static/en.lua"), nil, "nor one of another kind")
t.finish()
