-- What a portal calls a service and the state of an account, in the words that a meter has.
local service = {}

-- Words found in what portals say, most telling first. Whole words, so that "electric" is not found in "dielectric".
local words = {
  { "electric", { "ELECTRIC", "ELECTRICITY", "ELEC", "ELE", "E", "POWER", "PWR" } },
  { "gas", { "GAS", "NATURALGAS", "NATGAS", "G", "THERM" } },
  { "steam", { "STEAM" } },
  { "water", { "WATER", "WTR", "W" } },
  { "sewer", { "SEWER", "SEWAGE", "WASTEWATER" } },
}

local states = {
  active = { "ACTIVE", "OPEN", "CURRENT", "A" },
  closed = { "INACTIVE", "CLOSED", "FINAL", "FINALED", "FINALLED", "TERMINATED", "DISCONNECTED", "DORMANT", "ENDED",
    "STOPPED", "I", "C" },
}

-- Words of a text as a set, upper case; letters only, so that "NATURAL GAS-1" has NATURAL and GAS.
local function set_of(text)
  local set = {}
  text = text:gsub("([Ww][Aa][Ss][Tt][Ee])[%s_-]+([Ww][Aa][Tt][Ee][Rr])", "%1%2")
  for word in text:upper():gmatch("%a+") do set[word] = true end
  return set
end

local function any(set, list)
  for _, word in ipairs(list) do
    if set[word] then return true end
  end
  return false
end

-- electric, gas, steam, water, sewer, or other for what is none of them: "ELEC", "E", "Natural Gas-1" -> gas.
-- nil for nothing, and for text that names several ("Electric & Gas"), which is no single service.
function service.class(text)
  if type(text) ~= "string" or not text:find("%S") then return nil end
  local set, found = set_of(text), nil
  for _, entry in ipairs(words) do
    if any(set, entry[2]) then
      if found then return nil end
      found = entry[1]
    end
  end
  return found or "other"
end

-- active, closed, or unknown: "Open" -> active, "Final billed" -> closed; "Not active" and what says nothing are
-- unknown.
function service.status(text)
  if type(text) ~= "string" then return "unknown" end
  local set = set_of(text)
  if set.NOT then return "unknown" end
  if any(set, states.closed) then return "closed" end
  return any(set, states.active) and "active" or "unknown"
end

return service
