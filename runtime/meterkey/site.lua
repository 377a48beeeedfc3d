-- What any portal may answer in place of its page: limits, maintenance, walls. Statuses are RFC 9110's and RFC 6585's.
local regex = require "meterkey.regex"

local site = {}

-- A captcha that a person is meant to see. Reported, never solved.
local captcha = [[.g-recaptcha:not([data-size="invisible"]), .h-captcha:not([data-size="invisible"]), .cf-turnstile,
  #captcha, form.captcha, input[name^="captcha"], img[src*="captcha"]:not([src*="recaptcha"])]]

-- Entries for a manifest's `errors`, to stand after the portal's own.
site.errors = {
  { code = "site.rate_limited", status = 429 },
  { code = "site.blocked", html = captcha },
  -- A firewall answers for the portal with a page of its own; the portal's own refusals are JSON.
  { code = "site.blocked", status = 403, text = [[^(?!\s*[{\[])]] },
  { code = "site.maintenance", status = 503 },
  { code = "site.maintenance", html = "title, h1, h2",
    text = [[(?i)\bmaintenance\b|temporarily (unavailable|down)|be back soon]] },
  { code = "site.down", status = { 502, 504 } },
  { code = "site.error_page", status = 500 },
}

local function has_status(entry, page)
  if type(entry.status) ~= "table" then return entry.status == nil or entry.status == page.status end
  for _, status in ipairs(entry.status) do
    if status == page.status then return true end
  end
  return false
end

local function is_html(page)
  return page.type == "text/html" or page.type == "application/xhtml+xml"
end

-- The texts that an entry's `text` looks at, none where its `html` finds nothing.
local function texts(entry, page)
  if not entry.html then return { is_html(page) and page:text() or page.body } end
  local out = {}
  for _, element in ipairs(is_html(page) and page:all(entry.html) or {}) do out[#out + 1] = element:text() end
  return out
end

local function holds(entry, page)
  if not has_status(entry, page) then return false end
  if not entry.html and not entry.text then return true end
  for _, text in ipairs(texts(entry, page)) do
    if not entry.text or regex.match(text, entry.text) then return true end
  end
  return false
end

-- The page, if it is one of the portal's own: for pages that the manifest's errors do not look at, which are those
-- before the credentials and those of `meters`. With a selector it must find something, else adapter.unexpected_page.
function site.page(s, page, selector)
  if is_html(page) and page:has("input[type=password]") and page:has(captcha) then
    s:fail("site.blocked", "the sign-in page asks for a captcha") -- a password sent without it might count as wrong
  end
  if selector and page.status == 200 and is_html(page) and page:has(selector) then return page end
  for _, entry in ipairs(site.errors) do
    if holds(entry, page) then
      s:fail(entry.code, ("the portal answered %s with status %d"):format(page.url, page.status))
    end
  end
  if selector then s:expect(page, selector) end
  return page
end

-- A page behind the sign-in, as above; where the portal shows its sign-in form in its place, the session is lost. Never
-- for the answer to a password, which may be the form again for another reason.
function site.inside(s, page, selector)
  local found = selector and page.status == 200 and is_html(page) and page:has(selector)
  if not found and is_html(page) and page:has [[input[type="password"] ]] then
    s:fail("auth.session_lost", "the portal shows its sign-in form again: " .. page.url)
  end
  return site.page(s, page, selector)
end

-- The visible text of what a selector finds first, nil where that is nothing or blank.
function site.text(page, selector)
  local element = page:one(selector, { optional = true })
  local words = element and element:text()
  return words ~= "" and words or nil
end

-- What a JSON answer says. A page where one is due ends as above, else adapter.unexpected_page ("'json' was expected").
function site.json(s, page)
  site.page(s, page)
  if is_html(page) then s:expect(page, "json") end
  return page:json()
end

return site
