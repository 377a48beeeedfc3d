-- Answers to requests, and what is the same of every request.
local web = {}

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- Text as HTML has it, in elements and in quoted attributes.
function web.escape(text) return (tostring(text):gsub("[&<>\"']", escapes)) end

-- Text as one part of a URL.
function web.percent(text)
  return (tostring(text):gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- The first so many letters of a text: never a part of one, which no store and no page takes.
function web.first(text, most)
  local after = utf8.offset(text, most + 1)
  return after and text:sub(1, after - 1) or text
end

local function merged(standard, headers)
  for name, value in pairs(headers or {}) do standard[name] = value end
  return standard
end

-- A page. frames: origins that may frame it (a list); none by default.
function web.html(status, body, headers, frames)
  local who = frames and #frames > 0 and table.concat(frames, " ") or "'none'"
  return { status = status, type = "text/html; charset=utf-8", body = body, headers = merged({
    ["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
      .. "form-action 'self'; base-uri 'none'; frame-ancestors " .. who,
    ["Referrer-Policy"] = "no-referrer", ["Cache-Control"] = "no-store" }, headers) }
end

-- text: what value is as JSON, if that is known already.
function web.json(status, value, headers, text)
  return { status = status, type = "application/json", body = (text or host.encode(value)) .. "\n",
    headers = merged({ ["Cache-Control"] = "no-store" }, headers) }
end

function web.text(status, text, headers)
  return { status = status, type = "text/plain; charset=utf-8", body = text, headers = headers or {} }
end

-- 303: the next request is a GET.
function web.redirect(location, headers)
  return { status = 303, body = "", headers = merged({ Location = location, ["Cache-Control"] = "no-store" }, headers) }
end

-- options: path, max_age (seconds), secure, same_site ("Lax"). HttpOnly always: no script of ours reads one.
function web.cookie(name, value, options)
  options = options or {}
  local out = ("%s=%s; Path=%s; HttpOnly; SameSite=%s"):format(name, value, options.path or "/", options.same_site or "Lax")
  if options.secure then out = out .. "; Secure" end
  if options.max_age then out = out .. "; Max-Age=" .. options.max_age end
  return out
end

local function forwarded(request, name)
  local value = host.config.trust_proxy and request.headers[name]
  return value and value:match("([^,%s]+)%s*$")
end

function web.secure(request)
  return forwarded(request, "x-forwarded-proto") == "https" or host.config.url:find("^https://") ~= nil
end

-- "https://meters.example.org": what the caller sees, without a slash at its end.
function web.base(request)
  if host.config.url ~= "" then return (host.config.url:gsub("/+$", "")) end
  local name = forwarded(request, "x-forwarded-host") or request.headers.host or host.config.listen
  if not name:find("^[%w.:%[%]-]+$") then name = host.config.listen end
  return (web.secure(request) and "https://" or "http://") .. name
end

-- An address without its port and brackets; nil if it is none.
local function address(text)
  local host_of = text:match('^"?%[([%x:.]+)%]') or text:match("^(%d+%.%d+%.%d+%.%d+):%d+$") or text
  return #host_of <= 45 and host_of:find("^[%x:.]+$") and host_of or nil
end

-- The client's address.
function web.peer(request)
  local given = forwarded(request, "x-forwarded-for")
  return given and address(given) or request.peer
end

-- What limits count by: the client's address; of IPv6 its network of 64 bits, all of which one client has.
function web.network(request)
  local peer = web.peer(request)
  if not peer:find(":", 1, true) or peer:find(".", 1, true) then return peer end
  local groups, head = {}, peer:match("^(.-)::")
  for group in (head or peer):gmatch("%x+") do groups[#groups + 1] = tonumber(group, 16) end
  if head then
    local tail = select(2, peer:match("::(.*)$"):gsub("%x+", ""))
    for _ = #groups + tail + 1, 8 do groups[#groups + 1] = 0 end
    for group in peer:match("::(.*)$"):gmatch("%x+") do groups[#groups + 1] = tonumber(group, 16) end
  end
  for i = 1, 4 do groups[i] = ("%x"):format(groups[i] or 0) end
  return table.concat(groups, ":", 1, 4) .. "::/64"
end

return web
