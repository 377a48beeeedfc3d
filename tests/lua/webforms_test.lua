-- Deltas of partial postbacks: cut by length, whatever stands in them.
package.path = "tests/lua/?.lua;" .. package.path
for _, name in ipairs { "meterkey.html", "meterkey.site", "meterkey.url" } do package.preload[name] = function() return {} end end
local t = require "harness"
local webforms = require "meterkey.webforms"

-- One part; units: its length as .NET counts, bytes unless given.
local function part(kind, id, content, units)
  return ("%d|%s|%s|%s|"):format(units or #content, kind, id, content)
end

t.same(webforms.delta(part("hiddenField", "__VIEWSTATE", "a|b=") .. part("pageRedirect", "", "%2fHome")),
  { { "hiddenField", "__VIEWSTATE", "a|b=" }, { "pageRedirect", "", "%2fHome" } }, "a bar in a part's content")
t.same(webforms.delta(part("updatePanel", "p", "")), { { "updatePanel", "p", "" } }, "an empty part")
local beyond = "H\u{101}na, 12 \u{1F3E0} way|"
t.same(webforms.delta(part("updatePanel", "p", beyond, 16)), { { "updatePanel", "p", beyond } },
  "lengths count UTF-16 units: two for what lies beyond the basic plane")
t.same(webforms.delta(""), {}, "nothing changed")
t.same(webforms.delta("<html>Error</html>"), nil, "a page is no delta")
t.same(webforms.delta("99|updatePanel|p|short|"), nil, "a part longer than the answer")
t.same(webforms.delta("2|updatePanel|p|short|"), nil, "a part that does not end where it should")
t.same(webforms.delta("5|hiddenField|h|\u{101}\u{101}|"), nil, "a part whose length counts bytes")
t.finish()
