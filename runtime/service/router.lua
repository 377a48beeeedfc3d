-- Which handler answers which method and path.
local router = {}
router.__index = router

function router.new() return setmetatable({ routes = {} }, router) end

-- "/f/:token/answer": a part that begins with a colon matches any one part and is given by name; "/api/*" matches all below.
function router:add(method, pattern, handler)
  local names = {}
  local match = pattern:gsub("[%-.+*?%%^$()%[%]]", "%%%0"):gsub(":(%w+)", function(name)
    names[#names + 1] = name
    return "([^/]+)"
  end):gsub("%%%*$", ".*")
  self.routes[#self.routes + 1] = { method = method, match = "^" .. match .. "/?$", names = names, handler = handler }
end

local function named(route, found)
  local params = {}
  for i, name in ipairs(route.names) do params[name] = found[i] end
  return params
end

-- handler, its parameters; or nil and the methods that the path has ({} if it is unknown).
function router:find(method, path)
  local allowed = {}
  for _, route in ipairs(self.routes) do
    local found = { path:match(route.match) }
    if found[1] then
      if route.method == method then return route.handler, named(route, found) end
      if not allowed[route.method] then allowed[#allowed + 1], allowed[route.method] = route.method, true end
    end
  end
  return nil, allowed
end

-- The response to a request: handler(request, params); or nil and the methods that the path has, if any.
function router:run(request)
  local handler, found = self:find(request.method, request.path)
  if handler then return handler(request, found) end
  return nil, #found > 0 and table.concat(found, ", ") or nil
end

return router
