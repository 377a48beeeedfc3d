-- The frame of the dashboard's pages, and what their templates may use.
local clock = require "service.clock"
local page = require "service.page"
local static = require "service.static"
local web = require "service.web"
local words = require "service.dashboard.words"
local view = {}

local escape = web.escape

-- What a page says after a change: by name, so that no link can put words there.
local SAID = {
  created = "Created.", saved = "Saved.", sent = "The link was sent.", notified = "The customer was notified.",
  archived = "Archived.",
  unarchived = "Taken out of the archive.", disabled = "Switched off.", enabled = "Switched on.",
  revoked = "Revoked: everything is deleted.",
  reauthorize = "A new link that renews the authorization was made.",
  refreshing = "The meters are being read again.",
  not_refreshed = "Nothing was read: no sign-in is kept, the utility rests or is paused, or it was asked for too often.",
  forgotten = "The kept sign-in is deleted. The meters stay.",
  replayed = "It will be delivered again in a moment.",
  mailing = "It is tried again now.",
  not_mailing = "Nothing was sent: it is on its way already, or arrived.",
  pinged = "A ping is on its way; see the deliveries below.", removed = "Removed.",
  invited = "The invitation was made.",
  password = "Your password was changed; other sign-ins were ended.",
  totp_on = "Codes of your app are asked for from now on.",
  totp_off = "Codes are not asked for any more.", paused = "Paused: customers are told.", resumed = "Resumed.",
  released = "Released: it may go live again.",
  retired = "Retired: nobody can choose it any more.",
  rolled_back = "Rolled back: new sessions take this version.", share = "The share was set.",
  many = "All data requests were created.",
  same_link = "The customer is in the middle of it: the same link was sent.",
  new_link = "A new link was made and sent.",

  copy = "The customer is in the middle of it: the link stays as it is.",
  unsure = "Nothing was removed: please tick the box first.", policy = "The MFA policy was set.",
  signed_out = "You are signed out.",
}

local NAV = {
  { "requests", "/dashboard/requests", "Data requests" }, { "authorizations", "/dashboard/authorizations",
  "Authorizations" },
  { "meters", "/dashboard/meters", "Meters" }, { "adapters", "/dashboard/adapters", "Adapters" },
  { "webhooks", "/dashboard/webhooks", "Webhooks" }, { "templates", "/dashboard/templates", "Templates" },
  { "tokens", "/dashboard/tokens", "API tokens" }, { "team", "/dashboard/team", "Team" },
  { "mails", "/dashboard/mails", "Mail" },
  { "audit", "/dashboard/audit", "Audit log" },
}

-- A time in words, with its zone.
function view.stamp(us) return os.date("!%d %b %Y, %H:%M UTC", us // 1000000) end

-- <time> in UTC; the script shows the reader's own zone.
function view.when(us)
  if not us then return page.raw('<span class="none">never</span>') end
  return page.raw(('<time datetime="%s">%s</time>'):format(clock.iso(us), view.stamp(us)))
end

-- "3 min ago", "in 2 h": for the eye, beside the time itself.
function view.ago(us)
  if not us then return "" end
  local span = (host.now() - us) / 1000000
  local size = math.abs(span)
  local text
  if size < 60 then text = "less than a minute"
  elseif size < 3600 then text = ("%d min"):format(size // 60)
  elseif size < 86400 then text = ("%d h"):format(size // 3600)
  else text = ("%d d"):format(size // 86400) end
  return span >= 0 and text .. " ago" or "in " .. text
end

function view.badge(state)
  local known = words.states[state] or { tostring(state), "off" }
  return page.raw(('<span class="badge badge-%s">%s</span>'):format(known[2], escape(known[1])))
end

-- "?a=1&b=2" of what is not empty, names sorted.
function view.query(values)
  local names, out = {}, {}
  for name, value in pairs(values) do
    if value ~= nil and value ~= "" then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do out[i] = name .. "=" .. web.percent(values[name]) end
  return #out > 0 and "?" .. table.concat(out, "&") or ""
end

-- <option>s: list of {value, label}.
function view.options(list, chosen)
  local out = {}
  for i, one in ipairs(list) do
    out[i] = ('<option value="%s"%s>%s</option>'):format(escape(one[1]), one[1] == chosen and " selected" or "",
      escape(one[2]))
  end
  return page.raw(table.concat(out, "\n"))
end

-- The head of a table: what its columns are called. "+" begins one of numbers, "~" one whose name is for readers alone.
function view.columns(...)
  local out = {}
  for i, name in ipairs { ... } do
    local mark, rest = name:match("^([+~]?)(.*)$")
    local cell = mark == "~" and ('<span class="hidden">%s</span>'):format(escape(rest)) or escape(rest)
    out[i] = ('<th scope="col"%s>%s</th>'):format(mark == "+" and ' class="number"' or "", cell)
  end
  return page.raw("<thead><tr>" .. table.concat(out) .. "</tr></thead>")
end

local helpers = { when = view.when, stamp = view.stamp, ago = view.ago, badge = view.badge, query = view.query, options = view.options, columns = view.columns,
  clock = clock, words = words }

local function navigation(current)
  local out = {}
  for i, entry in ipairs(NAV) do
    out[i] = ('<li><a href="%s"%s>%s</a></li>'):format(entry[2], entry[1] == current and ' aria-current="page"' or "",
      entry[3])
  end
  return page.raw(table.concat(out, "\n"))
end

-- options: {title, nav, me, csrf, request, status, headers}; values: the template's own.
function view.page(name, options, values)
  values = values or {}
  values.me = options.me
  values.csrf = page.raw(('<input type="hidden" name="csrf" value="%s">'):format(escape(options.csrf or "")))
  setmetatable(values, { __index = helpers })
  local body = page.raw(page.render("dashboard/" .. name, values))
  local said = options.request and SAID[options.request.query.said or ""]
  local text = page.render("dashboard/frame", { title = options.title, body = body, me = options.me, csrf = values.csrf,
    said = said,
    problem = values.problem, live = values.live,
    nav = options.me and navigation(options.nav), style = static.url("style.css"), look = static.url("dashboard.css"),
    script = static.url("dashboard.js") })
  return web.html(options.status or 200, text, options.headers)
end

return view
