-- A tariff: the utility's own code or name, cleaned.
local tariff = {}

local nothing = { [""] = true, ["N/A"] = true, NA = true, ["-"] = true, ["--"] = true, NONE = true, NULL = true, UNKNOWN = true }

-- The text with folded white space and without a label in front ("Rate: SC 1" -> "SC 1"); its spelling stays the utility's.
-- nil for nothing and for the ways to say so ("N/A", "-", "None").
function tariff.code(value)
  if math.type(value) == "integer" then value = tostring(value) end
  if type(value) ~= "string" then return nil end
  local text = value:gsub("\u{A0}", " "):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  for _, label in ipairs { "Rate Schedule", "Rate Plan", "Rate", "Tariff" } do
    local rest = text:match("^" .. label .. " ?: ?(.*)$")
    if rest then text = rest break end
  end
  if nothing[text:upper()] then return nil end
  return text
end

return tariff
