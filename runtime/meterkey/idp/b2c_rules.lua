-- What pages and answers of Azure AD B2C mean: the patterns and errors of meterkey.idp.b2c.
--
-- The pages' own data are in scripts, so that is where patterns look. Answers are JSON with a status in it; which
-- request was refused is told by the path. The vendor's documentation: the words, where a portal has not changed them;
-- 90035. Public clients: the phone page's bare statuses, 449 a wrong code, 448 a phone that is not reached, 429 too
-- many. Common knowledge: codes 90053, 90054, 90225, 90114.
local rules = {}

rules.life = 600
rules.stale = "AADB2C90278"
rules.prompts = {
  sms = "Enter the code that was sent by text message",
  email = "Enter the code that was sent by email",
  voice = "Answer the call and press the key that it asks for",
}

-- XPath of a script that holds all these words.
function rules.script(...)
  local tests = {}
  for i, word in ipairs { ... } do tests[i] = ("contains(., '%s')"):format(word) end
  return "//script[" .. table.concat(tests, " and ") .. "]"
end

local script = rules.script
local choice = script('"mfaEnabledRadio"', '"displayEmailAddress"') .. " | "
  .. script('"mfaEnabledRadio"', '"displayPhoneNumber"')
local text_control = script '"textVerificationControl' .. " | " .. script '"phoneVerificationControl'

-- The patterns of an adapter's manifest (mfa.patterns): every question that these pages put. digits: of a code.
function rules.patterns(digits)
  local life = rules.life
  local function code(medium, html)
    return { kind = "otp", medium = medium, html = html, prompt = { rules.prompts[medium] }, digits = digits,
      expires = life }
  end
  return {
    { kind = "select", html = choice, prompt = { "How do you want to receive your code?" }, expires = life },
    code("email", script '"emailVerificationControl'),
    code("sms", text_control),
    code("sms", script "var UV_PHONE"),
    code("email", script '"VERIFY":true'),
  }
end

local function numbered(code, match)
  return { code = code, json = "$.errorCode", match = match, message = "$.message" }
end

local function phone_status(code, status)
  return { code = code, url = [[/verify\?]], json = "$.status", equals = status, message = "$.message" }
end

local function refused(code, path, text)
  return { code = code, url = path, json = "$.status", match = "^4", text = text, message = "$.message" }
end

-- Requests about a code. Without display control the check of an email address shares its path with the password.
local about_code, shared = [[/(SendCode|VerifyCode|verify)\?]], [[/SelfAsserted\?]]

local bad_code = [[(?i)\bcode\b[^"]*(wrong|incorrect|invalid)|(wrong|incorrect|invalid)[^"]*\bcode\b]]
local bad_login = "^(?!.*" .. rules.stale .. [[)(?i).*(]]
  .. [[(password|user ?name|user ?id|e-?mail)[^"]*(incorrect|invalid|not match)|]]
  .. [[invalid (user|e-?mail|password)|(can't|cannot|couldn't)[^"]*find[^"]*account)]]

rules.errors = {
  numbered("auth.locked", "^AADB2C90114$"),
  numbered("auth.credentials", "^AADB2C90(053|054|225)$"),
  numbered("site.maintenance", "^AADB2C90035$"),
  phone_status("mfa.code_wrong", "449"),
  phone_status("mfa.send_failed", "448"),
  phone_status("mfa.send_limited", "429"),
  refused("mfa.send_limited", about_code, [[(?i)(exceeded|too many)[^"]*(generat|request)|throttled]]),
  refused("mfa.tries_exhausted", about_code, [[(?i)(exceeded|too many)[^"]*attempt|too many times]]),
  refused("mfa.code_expired", about_code, [[(?i)expired]]),
  refused("mfa.code_wrong", [[/VerifyCode\?]]),
  refused("mfa.code_wrong", about_code, [[(?i)wrong|incorrect|invalid|not match]]),
  refused("mfa.send_failed", [[/SendCode\?]]),
  refused("mfa.send_limited", shared, [[(?i)too many requests to verify]]),
  refused("mfa.tries_exhausted", shared, [[(?i)\bcode\b[^"]*too many|too many[^"]*(\bcode\b|incorrect attempts)]]),
  refused("mfa.code_expired", shared, [[(?i)\bcode\b[^"]*expired]]),
  refused("mfa.code_wrong", shared, bad_code),
  refused("auth.locked", shared, [[(?i)\blocked\b]]),
  refused("auth.password_expired", shared, [[(?i)password (has|is) expired]]),
  refused("auth.credentials", shared, bad_login),
  { code = "auth.session_lost", status = { 400, 403 }, url = [[/(confirmed|SendCode|VerifyCode|verify)\?]] },
}

return rules
