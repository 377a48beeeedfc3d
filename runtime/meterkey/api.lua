-- What a portal's own JSON interface owes after the sign-in, and what it means when something else comes.
local json, site = require "meterkey.json", require "meterkey.site"

local api = {}

local function is_json(page)
  return page.type == "application/json" or page.type:find("+json", 1, true) ~= nil
end

-- The decoded body of a page with status 200. Signed out: 401, or the portal's sign-in form in place of JSON.
function api.answer(s, page)
  local signed_out = page.status == 401 or page.type == "text/html" and page:has [[input[type="password"] ]]
  if signed_out then s:fail("auth.session_lost", "the portal has signed the customer out: " .. page.url) end
  if page.status == 403 and is_json(page) then s:fail("site.permission", "this login may not see " .. page.url) end
  site.page(s, page)
  if page.status ~= 200 or not is_json(page) then
    s:fail("adapter.unexpected_page", ("%s answered with status %d and %s"):format(page.url, page.status, page.type))
  end
  return page:json()
end

-- The list that a value is, an empty one where it is none.
function api.elements(value)
  return json.is_array(value) and value or {}
end

-- The value behind these keys, one below the other; nil where one is missing or null.
function api.value(from, ...)
  for _, key in ipairs { ... } do
    if type(from) ~= "table" then return nil end
    from = from[key]
  end
  if json.is_null(from) then return nil end
  return from
end

return api
