-- Whether a form that was sent comes from a page of ours: double submit of a cookie, bound to what the page was about.
--
-- In a frame of another site the cookie may be withheld; there the browser's own word (Sec-Fetch-Site) counts instead. What is guarded has
-- a secret in its link besides.
local web = require "service.web"
local guard = {}

local NAME = "guard"

local function sign(scope, nonce) return nonce .. "." .. host.hash("guard:" .. scope .. ":" .. nonce):sub(1, 32) end

-- For a page about scope (a link's token, say): the hidden field's value, and the cookie to set or nil. framed: other sites may frame it.
function guard.make(request, scope, framed)
  local nonce = request.cookies[NAME]
  if nonce and nonce:find("^[%w_-]+$") and #nonce <= 64 then return sign(scope, nonce) end
  nonce = host.random(18)
  local secure = web.secure(request)
  return sign(scope, nonce), web.cookie(NAME, nonce, { secure = secure, same_site = framed and secure and "None" or "Lax" })
end

-- true, or false: then nothing may be changed.
function guard.holds(request, scope)
  local given, site = request.fields.guard or "", request.headers["sec-fetch-site"]
  local nonce = given:match("^([%w_-]+)%.")
  if not nonce or given ~= sign(scope, nonce) then return false end
  if site then return site == "same-origin" end
  return request.cookies[NAME] == nonce
end

return guard
