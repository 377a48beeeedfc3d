-- Charts as SVG without a script: bars and lines over time, each with what it says in words. Colours come from classes.
local web = require "service.web"
local chart = {}

local WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 190, 44, 8, 12, 26

local function scale(from, to, low, high)
  local span = to > from and to - from or 1
  return function(value) return low + (value - from) * (high - low) / span end
end

-- The next of 1, 2, 5, 10, 20 ... that holds value.
local function round_up(value)
  local unit = 1
  while true do
    for _, step in ipairs { 1, 2, 5 } do
      if step * unit >= value then return step * unit end
    end
    unit = unit * 10
  end
end

local function tick(text, x, y, anchor)
  return ('<text class="tick" x="%.1f" y="%.1f" text-anchor="%s">%s</text>'):format(x, y, anchor, web.escape(text))
end

local function frame(out, c, x, y)
  for _, share in ipairs { 0, 0.5, 1 } do
    local value = c.most * share
    out[#out + 1] = ('<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>'):format(LEFT, WIDTH - RIGHT, y(value),
      y(value))
    out[#out + 1] = tick(c.label(value), LEFT - 6, y(value) + 4, "end")
  end
  for i = 0, 4 do
    local at = c.from + (c.to - c.from) * i // 4
    out[#out + 1] = tick(os.date(c.to - c.from > 2 * 86400 and "!%d %b" or "!%H:%M", at), x(at), HEIGHT - 8,
      i == 0 and "start" or i == 4 and "end" or "middle")
  end
end

local MARK = '<line x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><path d="M%.1f %d l-4 -7 h8 z"/>'

-- Where a version went live: a dashed line with a mark that is named.
local function marks(out, c, x)
  for _, mark in ipairs(c.marks or {}) do
    if mark.at >= c.from and mark.at <= c.to then
      local at = x(mark.at)
      out[#out + 1] = ('<g class="mark mark-%s"><title>%s</title>' .. MARK .. "</g>")
        :format(mark.kind, web.escape(mark.text), at, at, TOP, HEIGHT - BOTTOM, at, TOP + 3)
    end
  end
end

local function bars(out, c, x, y)
  local width = math.max(1.5, (WIDTH - LEFT - RIGHT) / math.max(1, (c.to - c.from) / c.step) - 1)
  for _, point in ipairs(c.points) do
    local base = 0
    for i, value in ipairs(point.values) do
      if value > 0 then
        local shape = '<rect class="series s%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>'
        out[#out + 1] = shape:format(i, x(point.at), y(base + value), width, math.max(0.5, y(base) - y(base + value)),
            web.escape(point.text .. ": " .. (c.names[i] or "") .. " " .. c.label(value)))
      end
      base = base + value
    end
  end
end

-- A line breaks where there is nothing to say; a point alone is a dot.
local function lines(out, c, x, y)
  local path, last = {}, nil
  local half = c.step / 2
  for _, point in ipairs(c.points) do
    local value = point.values[1]
    if value then
      path[#path + 1] = ("%s%.1f %.1f"):format(last and point.at - last <= c.step and "L" or "M", x(point.at + half),
        y(value))
      last = point.at
      out[#out + 1] = ('<circle class="series dot s1" cx="%.1f" cy="%.1f" r="2.5"><title>%s</title></circle>')
        :format(x(point.at + half), y(value), web.escape(point.text .. ": " .. c.label(value)))
    end
  end
  if #path > 0 then out[#out + 1] = ('<path class="line s1" d="%s"/>'):format(table.concat(path, " ")) end
end

-- c: {title, class, kind = "bars"|"line", from, to, step (seconds), points = {{at, values, text}}, names, most,
-- label(value), marks = {{at, kind, text}}}
function chart.svg(c)
  local most = c.most
  if not most then
    most = 1
    for _, point in ipairs(c.points) do
      local sum = 0
      for _, value in pairs(point.values) do sum = sum + value end
      most = math.max(most, sum)
    end
    most = round_up(most)
  end
  c.most, c.label, c.names = most, c.label or function(v) return ("%.4g"):format(v) end, c.names or {}
  local x, y = scale(c.from, c.to, LEFT, WIDTH - RIGHT), scale(0, most, HEIGHT - BOTTOM, TOP)
  local out = { ('<svg class="chart %s" viewBox="0 0 %d %d" role="img" aria-label="%s">'):format(c.class or "", WIDTH,
    HEIGHT, web.escape(c.title)) }
  frame(out, c, x, y)
  if c.kind == "bars" then bars(out, c, x, y) else lines(out, c, x, y) end
  marks(out, c, x)
  out[#out + 1] = "</svg>"
  return table.concat(out)
end

return chart
