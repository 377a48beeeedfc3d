-- One call of an endpoint: who asks, with what, and the lists it answers with.
local web = require "service.web"
local call = {}
call.__index = call

-- request, endpoint of the description, the path's parameters, the token's row (nil where none is needed).
function call.new(request, endpoint, params, token)
  return setmetatable({ request = request, endpoint = endpoint, params = params, token = token,
    team = token and token.team,
    base = web.base(request), users = {}, query = {}, body = {} }, call)
end

-- Who, for the audit log.
function call:who() return "token:" .. self.token.uid end

function call:has(scope) return (" " .. self.token.scopes .. " "):find(" " .. scope .. " ", 1, true) ~= nil end

-- The next page: the caller's own query, but for the token, which does not belong into a body.
function call:next(after)
  if not after then return host.null end
  local names, parts = { "after" }, {}
  for name in pairs(self.request.query) do
    if name ~= "after" and name ~= "access_token" then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = web.percent(name) .. "=" .. web.percent(name == "after" and after or self.request.query[name])
  end
  return self.base .. self.request.path .. "?" .. table.concat(parts, "&")
end

-- {"<plural>": [shape(row), ...], "next": ...}; prepare(call, rows) reads at once what all of them need.
function call:page(plural, rows, after, shape, prepare)
  local out = host.array {}
  if prepare then prepare(self, rows) end
  for i, row in ipairs(rows) do out[i] = shape(self, row) end
  return { [plural] = out, next = self:next(after) }
end

local SLICE, WITH_METERS = 100, 50 -- rows between which others have their turn

-- The same of a list that may be long, as JSON text: read(filter) -> rows, the uid to go on after, whether that is only as far as was
-- looked. Rows are read, shaped and written in slices; what others write in between shows in those to come.
function call:listed(plural, filter, read, shape, prepare)
  local left, parts, rows, after, partly, more = math.min(filter.limit or 1000, 1000), {}
  filter.cursor = {}
  repeat
    filter.limit = math.min(left, self.with_meters and WITH_METERS or SLICE)
    rows, after, partly = read(self.team, filter)
    if #rows > 0 then parts[#parts + 1] = host.encode(self:page(plural, rows, nil, shape, prepare)[plural]):sub(2, -2) end
    left = left - #rows
    more = left > 0 and after and not partly
    if more then host.turn() end
  until not more
  local list, next_url = host.encode(plural) .. ":[" .. table.concat(parts, ",") .. "]", '"next":' .. host.encode(self:next(after))
  self.text = "{" .. (plural < "next" and list .. "," .. next_url or next_url .. "," .. list) .. "}"
  return self.text
end

-- An optional value as the store takes it: null empties, absent is nil.
function call:given(name, empty)
  local value = self.body[name]
  if value == host.null then return empty end
  return value
end

return call
