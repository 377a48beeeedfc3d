-- The bytes of a secret, by every function that reads text.
-- expect: meters
-- within: 400 ms
local s = ...
local plain = "Sesam" .. "9931" .. "offen"
local function opaque(v) assert(not tostring(v):find("Sesam", 1, true) and v ~= plain) end

local p = s.credentials.password
local readers = { string.byte, string.sub, string.upper, string.rep, string.find, string.match, string.gsub, string.len, string.reverse,
  utf8.codepoint, utf8.len, tonumber, table.concat, string.pack, load, string.unpack, rawlen, rawget, next, pairs, ipairs, select, table.unpack, string.gmatch }
for _, f in ipairs(readers) do
  for _, args in ipairs({ { p }, { p, 1 }, { p, ".", "%0" }, { "z", p }, { { p } }, { "s1", p }, { "x", "x", p }, { "x", "x", { x = p } } }) do
    for _, v in ipairs(table.pack(pcall(f, table.unpack(args)))) do if type(v) == "string" then opaque(v) end end
  end
end
for _, f in ipairs({ function() return #p end, function() return p < "x" end, function() return p < p end, function() return p + 1 end,
    function() return p // 1 end, function() return p & 1 end, function() return -p end, function() return p.x.y end }) do
  local _, v = pcall(f)
  opaque(v)
end
