-- Addresses as portals write them: in one text, or in parts that are not quite parts.
package.path = "tests/lua/?.lua;" .. package.path
local t = require "harness"
local address = require "meterkey.address"

local function us(street, unit, city, region, postcode)
  return { street = street, unit = unit, city = city, region = region, postcode = postcode, country = "US" }
end

for text, want in pairs {
  ["12 MAIN ST APT 4, CHICAGO, IL 60601"] = us("12 MAIN ST", "APT 4", "CHICAGO", "IL", "60601"),
  ["  12  N Main St.,Chicago,  il 60601-1234"] = us("12 N Main St.", nil, "Chicago", "IL", "60601-1234"),
  ["12 MAIN ST, NORTH LAS VEGAS, NV 890311234"] = us("12 MAIN ST", nil, "NORTH LAS VEGAS", "NV", "89031-1234"),
  ["12 1/2 ELM RD #3B, New York, New York 10001"] = us("12 1/2 ELM RD", "#3B", "New York", "NY", "10001"),
  ["12 MAIN ST, APT 4, RENO, NV 89501"] = us("12 MAIN ST", "APT 4", "RENO", "NV", "89501"),
  ["12 MAIN ST APT #4, RENO, NV 89501"] = us("12 MAIN ST", "APT #4", "RENO", "NV", "89501"),
  ["55 OAK AVE, ALBUQUERQUE, NEW MEXICO 87101"] = us("55 OAK AVE", nil, "ALBUQUERQUE", "NM", "87101"),
  ["9 A ST UNIT 5, WEST CHESTER, PA 19380, "] = us("9 A ST", "UNIT 5", "WEST CHESTER", "PA", "19380"),
  ["PO BOX 12, TUCSON AZ 85701"] = us("PO BOX 12", nil, "TUCSON", "AZ", "85701"),
  ["1 WEST ST, MORGANTOWN, WEST VIRGINIA 26501"] = us("1 WEST ST", nil, "MORGANTOWN", "WV", "26501"),
  ["100 LOT, VINELAND, NJ 08360"] = us("100 LOT", nil, "VINELAND", "NJ", "08360"),
  ["12 SUITE DR, CHICAGO, IL 60601"] = us("12 SUITE DR", nil, "CHICAGO", "IL", "60601"),
  ["123 W FLOOR ST, CHICAGO, IL 60601"] = us("123 W FLOOR ST", nil, "CHICAGO", "IL", "60601"),
  ["12 LOT W, CHICAGO, IL 60601"] = us("12 LOT W", nil, "CHICAGO", "IL", "60601"),
  ["55 BROAD ST. BLDG 4, APT. 2, NEWARK, NJ 07102"] = us("55 BROAD ST.", "BLDG 4 APT 2", "NEWARK", "NJ", "07102"),
  ["12 MAIN ST UNIT # 4, NEWARK, NJ 07102-0000"] = us("12 MAIN ST", "UNIT # 4", "NEWARK", "NJ", "07102"),
  ["12 MAIN ST # 4-B, NEWARK, NJ 07102, USA"] = us("12 MAIN ST", "# 4-B", "NEWARK", "NJ", "07102"),
  ["77 COUNTY ROAD 5 LOT 12, OCALA, FL 34470"] = us("77 COUNTY ROAD 5", "LOT 12", "OCALA", "FL", "34470"),
  ["1 A ST APT REAR, CHICAGO, IL 60601"] = us("1 A ST", "APT REAR", "CHICAGO", "IL", "60601"),
  ["1 A ST, WASHINGTON, D.C. 20001"] = us("1 A ST", nil, "WASHINGTON", "DC", "20001"),
  ["12 MAIN ST, APT 4, IL 60601"] = { line = "12 MAIN ST, APT 4, IL 60601" },
  ["12 MAIN ST CHICAGO IL 60601"] = { line = "12 MAIN ST CHICAGO IL 60601" },
  ["12 MAIN ST, SOMEWHERE, ZZ 60601"] = { line = "12 MAIN ST, SOMEWHERE, ZZ 60601" },
  ["SUBSTATION 7"] = { line = "SUBSTATION 7" },
} do
  t.same(address.parse(text), want, "parse: " .. text)
end
t.same(address.parse("1 All\u{E0} Rd,\u{A0}Reno, NV 89501"), us("1 All\u{E0} Rd", nil, "Reno", "NV", "89501"),
  "a letter with a byte of the no-break space")
t.same(address.parse("  \u{A0} "), nil, "nothing to parse")
t.same(address.parse(nil), nil, "no text")
t.same(address.parse(false), nil, "what is no text is no address")

t.same(address.of { line1 = "12 MAIN ST STE 200", city = "Reno", region = "Nevada", postcode = 89501 },
  us("12 MAIN ST", "STE 200", "Reno", "NV", "89501"), "a unit in the first line")
t.same(address.of { line1 = "12 MAIN ST", line2 = "FL 2", city = "Reno", region = "nv", postcode = "895010000" },
  us("12 MAIN ST", "FL 2", "Reno", "NV", "89501"), "a unit in the second line")
t.same(address.of { line1 = "12 MAIN ST", line2 = "REAR HOUSE", city = "Reno" }, us("12 MAIN ST, REAR HOUSE", nil, "Reno"),
  "a second line that is no unit")
t.same(address.of { line1 = "12 MAIN ST", line2 = "12 MAIN ST" }, us("12 MAIN ST"),
  "a second line that repeats the first")
t.same(address.of { line1 = "12 MAIN ST", unit = "4", city = "Reno" }, us("12 MAIN ST", "4", "Reno"),
  "a unit in its own part")
t.same(address.of { line1 = "12 MAIN ST APT 4", line2 = "APT 4", unit = "4" }, us("12 MAIN ST", "APT 4"),
  "a unit said three times")
t.same(address.of { line1 = "12 MAIN ST BLDG 3", line2 = "APT 4" }, us("12 MAIN ST", "BLDG 3 APT 4"),
  "a unit in two parts")
t.same(address.of { line1 = "12 MAIN ST", postcode = 7102 }, us("12 MAIN ST", nil, nil, nil, "07102"),
  "a postcode as a number")
t.same(address.of { line1 = "12 MAIN ST", postcode = 71021234 }, us("12 MAIN ST", nil, nil, nil, "07102-1234"),
  "a long one as a number")
t.same(address.of { line1 = "UNIT ST 5", city = "Reno" }, us("UNIT ST 5", nil, "Reno"),
  "a street that begins like a unit")
t.same(address.of { city = "Reno", region = "NV" }, us(nil, nil, "Reno", "NV"), "without a street")
t.same(address.of { region = "NV" }, nil, "a state alone is no address")
t.same(address.of { line1 = " ", line2 = false }, nil, "blank parts")
t.same(address.of { line1 = "1 A ST", region = "ON", postcode = "K1A 0B1", country = "CA" },
  { street = "1 A ST", region = "ON", postcode = "K1A 0B1", country = "CA" }, "another country")
t.finish()
