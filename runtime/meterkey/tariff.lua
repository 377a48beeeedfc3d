-- A tariff: the utility's own code or name, cleaned.
local tariff = {}

local nothing = {}
for _, text in ipairs { "", "N/A", "NA", "-", "--", "NONE", "NULL", "UNKNOWN" } do nothing[text] = true end

-- The text with folded white space and without a label in front ("Rate: SC 1" -> "SC 1"); its spelling
-- stays the utility's.
-- nil for nothing and for the ways to say so ("N/A", "-", "None").
function tariff.code(value)
  if math.type(value) == "integer" then value = tostring(value) end
  if type(value) ~= "string" then return nil end
  local text = value:gsub("\u{A0}", " "):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")
  for _, label in ipairs { "rate schedule", "rate plan", "rate", "tariff" } do
    local rest = text:lower():match("^" .. label .. " ?: ?()")
    if rest then text = text:sub(rest) end
  end
  if nothing[text:upper()] then return nil end
  return text
end

return tariff
