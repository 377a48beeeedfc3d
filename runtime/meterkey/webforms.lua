-- ASP.NET WebForms: postbacks as a page's own script makes them, and the deltas that answer partial ones.
--
-- A page is one form with view state. `__doPostBack(target, argument)` or a submit button sends all of it; a page with
-- a ScriptManager sends it by XMLHttpRequest and gets back only what changed: fresh hidden fields, the HTML of some
-- panels, or where to go. All this is common knowledge of the framework.
--
--   local view = webforms.open(s:get("/Login.aspx"))
--   local page = view:submit(s, { target = "ctl00$Main$lnkNext", values = { ["ctl00$Main$txtUser"] = name } })
--
-- view:form(event) is the form with the newest hidden fields; view:submit(s, event) posts all of it and gives the page
-- that comes; view:partial(s, event) posts for event.panel and gives the page that the answer leads to, or nil where it
-- stays on this one. event: target and argument of __doPostBack, or button, the name of the one pressed; values by name.
local html, site, url = require "meterkey.html", require "meterkey.site", require "meterkey.url"

local webforms = {}

-- Where a text of so many UTF-16 units ends that begins at byte `at`: .NET counts in those.
local function after(text, at, units)
  while units > 0 do
    local stop = (text:find("[\x80-\xFF]", at) or #text + 1) - at
    if at > #text then return nil end
    if stop > 0 then
      local plain = math.min(stop, units)
      at, units = at + plain, units - plain
    else
      units = units - (utf8.codepoint(text, at) > 0xFFFF and 2 or 1)
      at = utf8.offset(text, 2, at)
    end
  end
  return at
end

-- The parts of a delta, `length|kind|id|content|` each: a list of { kind, id, content }, or nil if it is none.
function webforms.delta(text)
  local parts, at = {}, 1
  while at <= #text do
    local _, stop, length, kind, id = text:find("^(%d+)|([^|]*)|([^|]*)|", at)
    local over = stop and after(text, stop + 1, tonumber(length))
    if not over or text:sub(over, over) ~= "|" then return nil end
    parts[#parts + 1] = { kind, id, text:sub(stop + 1, over - 1) }
    at = over + 1
  end
  return parts
end

local View = {}
View.__index = View

-- A page as its script keeps it: `panels` are the documents of partial answers by id, newest; hidden fields likewise.
function webforms.open(page)
  local manager = page:match [[PageRequestManager\._initialize\('([^']+)']]
  return setmetatable({ page = page, manager = manager and manager[1], hidden = {}, panels = {} }, View)
end

-- The form with newest hidden fields. event: { target=, argument=, values = { name = value } }
function View:form(event)
  local form = self.page:form([[form:has(input[name="__VIEWSTATE"])]])
  for name, value in pairs(self.hidden) do form:set(name, value) end
  form:set("__EVENTTARGET", event.target or "")
  form:set("__EVENTARGUMENT", event.argument or "")
  for name, value in pairs(event.values or {}) do form:set(name, value) end
  return form
end

-- A whole postback: the page that comes. event has also button=, the name of the button pressed.
function View:submit(s, event)
  return s:submit(self:form(event), { button = event.button })
end

local function take(self, s, page)
  local parts = webforms.delta(page.body)
  if not parts then
    site.page(s, page)
    s:fail("adapter.unexpected_page", "the answer to a partial postback is no delta: " .. page.url)
  end
  for _, part in ipairs(parts) do
    local kind, id, content = table.unpack(part)
    if kind == "hiddenField" then
      self.hidden[id] = content
    elseif kind == "updatePanel" then
      self.panels[id] = html.parse(content, { url = page.url })
    elseif kind == "pageRedirect" then
      return s:get(url.decode(content))
    elseif kind == "error" then
      s:fail("site.error_page", content)
    end
  end
end

local by_script = { ["X-MicrosoftAjax"] = "Delta=true", ["X-Requested-With"] = "XMLHttpRequest",
  ["Cache-Control"] = "no-cache" }

-- A partial postback of the update panel whose control name is event.panel: the page that the answer leads to, or nil
-- where it stays on this one, whose panels and hidden fields are then the fresh ones.
function View:partial(s, event)
  local form = self:form(event)
  form:set(self.manager or s:fail("adapter.parse", "no ScriptManager on " .. self.page.url),
    event.panel .. "|" .. (event.button or event.target))
  form:set("__ASYNCPOST", "true")
  return take(self, s, s:submit(form, { button = event.button, headers = by_script }))
end

return webforms
