-- Style, script and pictures of the pages: /static/NAME, with the hash of what it holds, so that it may be kept for ever.
local static = {}

local TYPES = { css = "text/css; charset=utf-8", js = "text/javascript; charset=utf-8", svg = "image/svg+xml" }
local known = {}

local function read(name)
  if known[name] == nil then
    local type = TYPES[name:match("^[%w-]+%.(%w+)$") or ""]
    local text = type and host.file("pages/" .. name)
    known[name] = text and { text = text, type = type, hash = host.sha256(text):sub(1, 12) } or false
  end
  return known[name] or nil
end

-- "style.css" -> "/static/style.css?v=0f3a...".
function static.url(name)
  return "/static/" .. name .. "?v=" .. assert(read(name), "no file pages/" .. name).hash
end

local function get(request, params)
  local file = read(params.name)
  if not file then return nil end
  local kept = request.query.v == file.hash and "public, max-age=31536000, immutable" or "no-cache"
  return { status = 200, type = file.type, body = file.text, headers = { ["Cache-Control"] = kept } }
end

-- Called with the router: adds the routes.
return setmetatable(static, { __call = function(_, router)
  router:add("GET", "/static/:name", get)
  router:add("GET", "/favicon.ico", function(request) return get(request, { name = "icon.svg" }) end)
end })
