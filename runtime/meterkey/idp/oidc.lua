-- OpenID Connect, authorization code with PKCE: what an application does around its provider's sign-in pages.
--
--   local oidc = require "meterkey.idp.oidc"
--   local flow = oidc.begin { authorize = "https://login.example.test/oauth2/v2.0/authorize", client_id = "…", … }
--   local page = s:get(flow.url)              -- … sign in; the provider leads back to redirect_uri …
--   local tokens = flow:finish(s, page)
--
-- finish is token(s, code(s, page)); check(s, answer) gives the code in an answer that was read before.
--
-- begin{}: authorize (URL; what its query says holds unless it is given here too), token (URL; default: authorize with
-- /token in place of /authorize), client_id, redirect_uri, scope, response_mode, params (table of further fields).
-- The flow has url, state, nonce and those fields. State and nonce are new for each flow and checked on return.
--
-- oidc.answer(page) is what an authorization endpoint answered, a table with code or error, or nil: from the query or
-- the fragment of the page's URL, or of a Location that was not followed (an application's own scheme), from a form
-- that submits itself (form_post), or from a script that hands it to the page's opener (okta_post_message).
--
-- Nothing here sends a one-time code. A lost session is login_required, interaction_required, invalid_grant.
-- Fields and errors: RFC 6749, RFC 7636, OpenID Connect Core. form_post, okta_post_message and the escapes in its
-- script are documented of several portals.
local crypto, json, regex = require "meterkey.crypto", require "meterkey.json", require "meterkey.regex"
local url = require "meterkey.url"

local oidc = {}

local Flow = {}
Flow.__index = Flow

local outcomes = {
  login_required = "auth.session_lost", interaction_required = "auth.session_lost", invalid_grant = "auth.session_lost",
  access_denied = "site.permission", temporarily_unavailable = "site.maintenance", server_error = "site.error_page",
}

local function random()
  return crypto.base64url(crypto.random(24))
end

local function query_of(address)
  return (url.parse_query(address:match("%?([^#]*)") or ""))
end

-- The address with these fields in place of its query.
local function with_query(address, fields)
  return address:match("^[^?#]*") .. "?" .. url.query(fields)
end

-- A flow to send the browser on; config: see above. -> {url, state, nonce, finish, code, token, check, ...}
function oidc.begin(config)
  local pkce, query = crypto.pkce(), query_of(config.authorize)
  local flow = { state = random(), nonce = random(), verifier = pkce.verifier }
  for _, name in ipairs { "client_id", "redirect_uri", "scope", "response_mode" } do
    flow[name] = config[name] or query[name]
    query[name] = flow[name]
  end
  for name, value in pairs(config.params or {}) do query[name] = value end
  query.response_type = query.response_type or "code"
  query.state, query.nonce = flow.state, flow.nonce
  query.code_challenge, query.code_challenge_method = pkce.challenge, pkce.method
  flow.url = with_query(config.authorize, query)
  flow.token_url = config.token or config.authorize:match("^[^?#]*"):gsub("/authorize$", "/token")
  return setmetatable(flow, Flow)
end

-- A JavaScript string without its escapes: \x2D, \u002D, \/ and the like.
local function unescaped(text)
  return (text:gsub("\\(.)(%x?%x?%x?%x?)", function(kind, digits)
    local size = ({ x = 2, u = 4 })[kind]
    if not size or #digits < size then return kind .. digits end
    return utf8.char(tonumber(digits:sub(1, size), 16)) .. digits:sub(size + 1)
  end))
end

local function from_script(page)
  local fields = {}
  for found in regex.gmatch(page.body, [[\bdata\.(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")]]) do
    fields[found[1]] = unescaped(found[2] or found[3])
  end
  return fields
end

local function from_form(page)
  if not page:has [[form input[name="state"] ]] then return {} end
  local form, fields = page:form [[form:has(input[name="state"])]], {}
  for _, control in ipairs(form:controls()) do fields[control.name] = control.value end
  return fields
end

-- Where an answer may stand, the likeliest place first; what costs parsing last.
local places = {
  function(_, address) return query_of(address) end,
  function(_, address) return (url.parse_query(address:match("#(.*)") or "")) end,
  function(page) return page.type == "text/html" and from_script(page) or {} end,
  function(page) return page.type == "text/html" and from_form(page) or {} end,
}

-- What the endpoint answered: a table with code or error, or nil; see above for where it looks.
function oidc.answer(page)
  local address = page.headers.location or page.url
  for _, read in ipairs(places) do
    local fields = read(page, address)
    if (fields.code or fields.error) and fields.state then return fields end
  end
end

-- Ends the session as an OAuth error asks for.
local function refuse(s, what, answer)
  s:fail(outcomes[answer.error] or "adapter.unexpected_page",
    ("%s: %s, %s"):format(what, answer.error, answer.error_description or "no description"))
end

-- The code in an answer (nil if none came), which must be to this flow.
function Flow:check(s, answer)
  if not answer then s:fail("adapter.unexpected_page", "the sign-in did not lead back to the application") end
  if answer.state ~= self.state then s:fail("adapter.unexpected_page", "another one's authorization came back") end
  if answer.error then refuse(s, "the authorization was refused", answer) end
  return answer.code
end

function Flow:code(s, page)
  return self:check(s, oidc.answer(page))
end

-- An ID token is read, not verified: it comes from the token endpoint over TLS (OpenID Connect Core 3.1.3.7).
local function claims(token)
  local payload = crypto.unbase64(token:match("^[^.]*%.([^.]*)%.") or "")
  return payload and json.decode(payload) or {}
end

-- Tokens for a code: the table that the token endpoint answers, access_token in it.
function Flow:token(s, code)
  local page = s:post(self.token_url, {
    form = { grant_type = "authorization_code", client_id = self.client_id, redirect_uri = self.redirect_uri,
      scope = self.scope, code = code, code_verifier = self.verifier },
    headers = { Accept = "application/json" }, referer = self.redirect_uri,
  })
  local tokens = page:json()
  if tokens.error then refuse(s, "no token was given", tokens) end
  if page.status ~= 200 or type(tokens.access_token) ~= "string" then
    s:fail("adapter.unexpected_page", ("the token endpoint answered status %d without a token"):format(page.status))
  end
  if type(tokens.id_token) == "string" and claims(tokens.id_token).nonce ~= self.nonce then
    s:fail("adapter.unexpected_page", "the ID token belongs to another sign-in")
  end
  return tokens
end

function Flow:finish(s, page)
  return self:token(s, self:code(s, page))
end

return oidc
