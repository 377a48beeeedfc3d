-- Service addresses in parts: street, unit, city, region, postcode, country, as United States portals write them.
--
-- Spelling and case stay as the portal has them. What cannot be told apart stays together, as `line`.
local address = {}

-- Two-letter codes of the United States Postal Service (Publication 28), by name.
local regions = {}
for name, code in ([[
  ALABAMA=AL ALASKA=AK ARIZONA=AZ ARKANSAS=AR CALIFORNIA=CA COLORADO=CO CONNECTICUT=CT DELAWARE=DE FLORIDA=FL
  GEORGIA=GA HAWAII=HI IDAHO=ID ILLINOIS=IL INDIANA=IN IOWA=IA KANSAS=KS KENTUCKY=KY LOUISIANA=LA MAINE=ME
  MARYLAND=MD MASSACHUSETTS=MA MICHIGAN=MI MINNESOTA=MN MISSISSIPPI=MS MISSOURI=MO MONTANA=MT NEBRASKA=NE
  NEVADA=NV NEW_HAMPSHIRE=NH NEW_JERSEY=NJ NEW_MEXICO=NM NEW_YORK=NY NORTH_CAROLINA=NC NORTH_DAKOTA=ND OHIO=OH
  OKLAHOMA=OK OREGON=OR PENNSYLVANIA=PA RHODE_ISLAND=RI SOUTH_CAROLINA=SC SOUTH_DAKOTA=SD TENNESSEE=TN TEXAS=TX
  UTAH=UT VERMONT=VT VIRGINIA=VA WASHINGTON=WA WEST_VIRGINIA=WV WISCONSIN=WI WYOMING=WY DISTRICT_OF_COLUMBIA=DC
  PUERTO_RICO=PR
]]):gmatch("([%u_]+)=(%u%u)") do
  regions[name:gsub("_", " ")] = code
  regions[code] = code
end

-- Secondary units by their usual designators (Publication 28, appendix C); # stands for any of them.
local designators = {}
for word in ([[APT APARTMENT UNIT STE SUITE FL FLOOR RM ROOM LOT BLDG BUILDING TRLR TRAILER SPC SPACE PH PENTHOUSE
]]):gmatch("%u+") do
  designators[word] = true
end

-- What a unit is called without a number (the same appendix).
local sides = {}
for word in ("REAR FRONT FRNT UPPER UPPR LOWER LOWR BASEMENT BSMT SIDE"):gmatch("%u+") do sides[word] = true end

-- Folded white space, no commas or blanks at the ends; nil for nothing and for what is no text.
local function clean(text)
  if math.type(text) == "integer" then text = tostring(text) end
  if type(text) ~= "string" then return nil end
  text = text:gsub("\u{A0}", " "):gsub("%s+", " "):gsub("^[ ,]+", ""):gsub("[ ,]+$", "")
  return text ~= "" and text or nil
end

-- "IL", "il", "Illinois" -> "IL"; anything else as it is.
local function region_of(text)
  text = clean(text)
  return text and (regions[text:upper():gsub("%.", "")] or text)
end

-- "60601", "606011234", "60601-1234" -> five digits, or five and four; "0000" behind means that they are not known. A
-- number has lost its leading zeros: 7102 -> "07102".
local function postcode_of(text)
  if math.type(text) == "integer" then text = (text > 99999 and "%09d" or "%05d"):format(text) end
  text = clean(text)
  if not text then return nil end
  local five, four = text:match("^(%d%d%d%d%d)[ -]?(%d%d%d%d)$")
  if five then return four == "0000" and five or five .. "-" .. four end
  return text
end

-- Whether a word may stand behind a designator: "4B", "B", "REAR", but not the "DR" of "SUITE DR".
local function is_number(word)
  return word:find("[%d#]") ~= nil or #word == 1 or sides[word:upper()] ~= nil
end

-- The street without the unit at its end, and that: "12 MAIN ST APT 4" -> "12 MAIN ST", "APT 4". nil where there is
-- none: a designator needs a number behind it ("100 LOT"), and a street's name in front of it ("12 LOT W").
local function cut_unit(street)
  local head, number = street:match("^(.*%w%.?)[ ,]+(#? ?[%w-]+)$")
  if not head then return nil end
  local before, word = head:match("^(.*%w%.?)[ ,]+(%a+)%.?$")
  local named = before and designators[word:upper()] and before:find("%a")
  if named and is_number(number) then return before, word .. " " .. number end
  if number:find("^#") then return head, number end
end

-- The same until no unit is left: "BLDG 4 APT 2" are two.
local function split_unit(street)
  local rest, units = street, nil
  while rest do
    local before, unit = cut_unit(rest)
    if not before then break end
    rest, units = before, unit .. (units and " " .. units or "")
  end
  return rest, units
end

-- Whether a line holds nothing but a unit.
local function is_unit(line)
  return split_unit("X " .. line) == "X"
end

-- Two units in one; "APT 4" and "4" are the same.
local function both(one, other)
  if not one or not other then return one or other end
  if (" " .. one):sub(-#other - 1) == " " .. other then return one end
  if (" " .. other):sub(-#one - 1) == " " .. one then return other end
  return one .. " " .. other
end

-- From a portal's own parts { line1, line2, unit, city, region, postcode, country }; any may be missing, blank or a
-- JSON null. Gives { street, unit, city, region, postcode, country } ("US" unless said), or nil if there is neither
-- street, city nor postcode. A second line that is a unit is the unit, or more of it; else it belongs to the street.
function address.of(parts)
  local street, unit = split_unit(clean(parts.line1))
  local second = clean(parts.line2)
  if second and is_unit(second) then
    unit = both(unit, second)
  elseif second and second ~= street then
    street = street and (street .. ", " .. second) or second
  end
  local out = {
    street = street, unit = both(unit, clean(parts.unit)), city = clean(parts.city), region = region_of(parts.region),
    postcode = postcode_of(parts.postcode),
  }
  if not (out.street or out.city or out.postcode) then return nil end
  out.country = clean(parts.country) or "US"
  return out
end

local zip = "(%d%d%d%d%d[ -]?%d?%d?%d?%d?)$"

-- How a state may stand before the postcode: alone between commas, as two letters, as a name of several words.
local endings = { "^(.-),? ([%a. ]-%a)%.?,? " .. zip, "^(.*)[ ,]+(%a%a),? " .. zip, "^(.*), ?([%a ]+),? " .. zip }

-- The parts of "12 MAIN ST APT 4, CHICAGO, IL 60601-1234"; a state and a postcode at the end and a comma between street
-- and city must be there. { line = text } for what cannot be parted, nil for nothing.
function address.parse(text)
  text = clean(text)
  if not text then return nil end
  local home = text:gsub(",? U%.?S%.?A?%.?$", "")
  for _, ending in ipairs(endings) do
    local front, state, postcode = home:match(ending)
    local region = regions[(clean(state) or ""):upper():gsub("%.", "")]
    local street, city = (front or ""):match("^(.+), ?([^,]+)$")
    if region and city and not city:find("%d") then
      return address.of { line1 = street, city = city, region = region, postcode = postcode }
    end
  end
  return { line = text }
end

return address
