-- Pages that a browser submits by itself on its way from an identity provider to an application.
--
-- SAML 2.0, "Bindings": with the HTTP POST binding the message is a hidden field, SAMLRequest or SAMLResponse, beside
-- RelayState, in a form that a script submits; with the redirect binding it is in the query and the engine follows it.
-- OpenID Connect's "Form Post Response Mode" and the portals' own hand-over pages are the same to a browser.
-- The values are written as HTML entities (documented for one portal): the form has them decoded.
--
-- saml.pass(s, page[, options]) goes on until a page comes that submits nothing, and returns it.
--   most      at most so many pages of this kind (default 8); more is a loop: adapter.unexpected_page
--   selector  of further forms that submit themselves
-- An assertion is good for one use and some minutes, so it is never kept. Nothing here sends a code.
local crypto = require "meterkey.crypto"
local regex = require "meterkey.regex"

local saml = {}

local most = 8

local success = "urn:oasis:names:tc:SAML:2.0:status:Success"

local by_name = [[form:has(input[name="SAMLResponse"]), form:has(input[name="SAMLRequest"]),
  form:has(input[name="code"][type="hidden"]):has(input[name="state"][type="hidden"])]]

local function has_hidden_only(form)
  for _, control in ipairs(form:controls()) do
    if control.type ~= "hidden" then return false end
  end
  return true
end

-- A hand-over page without SAML: one form with nothing to fill in, and a script that submits it.
local function submits_itself(page)
  if not regex.match(page.body, [[\.submit\s*\(\s*\)]]) then return nil end
  local forms = page:all("form")
  if #forms ~= 1 then return nil end
  local form = page:form("form")
  return has_hidden_only(form) and form or nil
end

local function form_of(page, selector)
  if page.type ~= "text/html" and page.type ~= "application/xhtml+xml" then return nil end
  if page:has(by_name) then return page:form(by_name) end
  if selector and page:has(selector) then return page:form(selector) end
  return submits_itself(page)
end

-- A refusal of the identity provider's, if the response says so: an encrypted assertion leaves the status readable.
local function check_status(s, form)
  local text = form:get("SAMLResponse")
  local xml = type(text) == "string" and crypto.unbase64(text)
  local status = xml and regex.match(xml, [[<(?:\w+:)?StatusCode\b[^>]*?\bValue\s*=\s*["']([^"']+)["'] ]], "x")
  if status and status[1] ~= success then
    s:fail("adapter.unexpected_page", "the identity provider refused: " .. status[1])
  end
end

-- The first page on the way that submits nothing by itself; see above.
function saml.pass(s, page, options)
  options = options or {}
  local form, count = form_of(page, options.selector), 0
  while form do
    count = count + 1
    if count > (options.most or most) then
      s:fail("adapter.unexpected_page", ("over %d pages that submit themselves, now %s"):format(count - 1, page.url))
    end
    check_status(s, form)
    page = s:submit(form)
    form = form_of(page, options.selector)
  end
  return page
end

return saml
