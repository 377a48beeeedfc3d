-- Rows that are the same meter, folded into one: portals repeat a row for each register, period or page.
local fold = {}

-- What makes a meter the same (as the engine checks it): account, service, numbers, service point.
local function key(meter)
  local numbers = meter.meters or (meter.meter and { meter.meter }) or {}
  local parts = { tostring(meter.account), tostring(meter.service), tostring(meter.point) }
  for _, number in ipairs(numbers) do parts[#parts + 1] = tostring(number) end
  return table.concat(parts, "\31")
end

-- The list without repetitions, in the order in which each came first; what the first lacks is taken from a later one.
function fold.meters(list)
  local out, seen = {}, {}
  for _, meter in ipairs(list) do
    local known = seen[key(meter)]
    if known then
      for name, value in pairs(meter) do
        if known[name] == nil and name ~= "meter" and name ~= "meters" then known[name] = value end
      end
    else
      seen[key(meter)] = meter
      out[#out + 1] = meter
    end
  end
  return out
end

return fold
