-- Service addresses in parts: street, unit, city, region, postcode, country, as United States portals write them.
--
-- Spelling and case stay as the portal has them. What cannot be told apart stays together, as `line`.
local address = {}

-- Two-letter codes of the United States Postal Service (Publication 28), by name.
local regions = {}
for name, code in ([[
ALABAMA=AL ALASKA=AK ARIZONA=AZ ARKANSAS=AR CALIFORNIA=CA COLORADO=CO CONNECTICUT=CT DELAWARE=DE FLORIDA=FL GEORGIA=GA HAWAII=HI
IDAHO=ID ILLINOIS=IL INDIANA=IN IOWA=IA KANSAS=KS KENTUCKY=KY LOUISIANA=LA MAINE=ME MARYLAND=MD MASSACHUSETTS=MA MICHIGAN=MI
MINNESOTA=MN MISSISSIPPI=MS MISSOURI=MO MONTANA=MT NEBRASKA=NE NEVADA=NV NEW_HAMPSHIRE=NH NEW_JERSEY=NJ NEW_MEXICO=NM NEW_YORK=NY
NORTH_CAROLINA=NC NORTH_DAKOTA=ND OHIO=OH OKLAHOMA=OK OREGON=OR PENNSYLVANIA=PA RHODE_ISLAND=RI SOUTH_CAROLINA=SC SOUTH_DAKOTA=SD
TENNESSEE=TN TEXAS=TX UTAH=UT VERMONT=VT VIRGINIA=VA WASHINGTON=WA WEST_VIRGINIA=WV WISCONSIN=WI WYOMING=WY
DISTRICT_OF_COLUMBIA=DC PUERTO_RICO=PR]]):gmatch("([%u_]+)=(%u%u)") do
  regions[name:gsub("_", " ")] = code
  regions[code] = code
end

-- Secondary units by their usual designators (Publication 28, appendix C); # stands for any of them.
local designators = {}
for word in ("APT APARTMENT UNIT STE SUITE FL FLOOR RM ROOM LOT BLDG BUILDING TRLR TRAILER SPC SPACE PH PENTHOUSE"):gmatch("%u+") do
  designators[word] = true
end

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

-- "60601", "606011234", "60601-1234" -> five digits, or five and four; "0000" behind means that they are not known.
local function postcode_of(text)
  text = clean(text)
  if not text then return nil end
  local five, four = text:match("^(%d%d%d%d%d)[ -]?(%d%d%d%d)$")
  if five then return four == "0000" and five or five .. "-" .. four end
  return text
end

-- The street and the unit at its end: "12 MAIN ST APT 4" -> "12 MAIN ST", "APT 4". A designator without a number behind it
-- is not taken for one ("100 LOT"), nor the street's first word ("UNIT ST").
local function split_unit(street)
  if not street then return nil end
  local before, number = street:match("^(.-)[ ,]+(#[ ]?[%w-]+)$")
  if before then
    local kept, word = before:match("^(.-)[ ,]+(%a+)%.?$")
    if kept and designators[word:upper()] then return kept, word .. " " .. number end
    return before, number
  end
  local head, word, rest = street:match("^(.*%w)[ ,]+(%a+)%.? ([%w-]+)$")
  if head and designators[word:upper()] then return head, word .. " " .. rest end
  return street
end

local function is_unit(text)
  local word = text and text:match("^(%a+)%.? [%w-]+$")
  return text and (text:find("^#") or (word and designators[word:upper()])) and true or false
end

-- From a portal's own parts { line1, line2, unit, city, region, postcode, country }; any may be missing, blank or a JSON null.
-- Gives { street, unit, city, region, postcode, country } ("US" unless said), or nil if there is neither street, city nor
-- postcode. A second line that is a unit is the unit; else it belongs to the street.
function address.of(parts)
  local street, unit = split_unit(clean(parts.line1))
  local second = clean(parts.line2)
  if clean(parts.unit) then unit = clean(parts.unit) end
  if second and is_unit(second) and not unit then
    unit = second
  elseif second and second ~= street then
    street = street and (street .. ", " .. second) or second
  end
  local out = { street = street, unit = unit, city = clean(parts.city), region = region_of(parts.region), postcode = postcode_of(parts.postcode) }
  if not (out.street or out.city or out.postcode) then return nil end
  out.country = clean(parts.country) or "US"
  return out
end

-- The parts of "12 MAIN ST APT 4, CHICAGO, IL 60601-1234"; a state and a postcode at the end and commas between street and
-- city must be there. { line = text } for what cannot be parted, nil for nothing.
function address.parse(text)
  text = clean(text)
  if not text then return nil end
  local front, state, postcode = text:match("^(.-),? ([%a. ]-%a)%.?,? (%d%d%d%d%d[ -]?%d?%d?%d?%d?)$")
  local region = state and regions[state:upper():gsub("%.", "")]
  if not region then
    front, state, postcode = text:match("^(.*)[ ,]+(%a%a),? (%d%d%d%d%d[ -]?%d?%d?%d?%d?)$")
    region = state and regions[state:upper()]
  end
  if not region then -- a name of two words
    front, state, postcode = text:match("^(.*), ?([%a ]+),? (%d%d%d%d%d[ -]?%d?%d?%d?%d?)$")
    region = state and regions[(clean(state) or ""):upper()]
  end
  local street, city = (front or ""):match("^(.+), ?([^,]+)$")
  if not region or not street then return { line = text } end
  return address.of { line1 = street, city = city, region = region, postcode = postcode }
end

return address
