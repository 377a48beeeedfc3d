-- Account, meter and service-point numbers: names made of digits, kept as text.
--
-- A portal shows them with blanks and dashes, drops leading zeros, or leaves out a check digit. Nothing is made up
-- here: what was shown stays, only cleaned.
local account = {}

-- The number as text without blanks and dashes, leading zeros kept: " 0012-3456 7" -> "001234567", 42 -> "42".
-- nil for nothing (nil, a JSON null, blank). A float raises: it was read as a quantity, and digits may
-- be lost.
function account.number(value)
  if math.type(value) == "float" then error("a number that names something came as the float " .. value, 2) end
  if math.type(value) == "integer" then value = tostring(value) end
  if type(value) ~= "string" then return nil end
  local text = value:gsub("\u{A0}", ""):gsub("[%s-]+", "")
  return text ~= "" and text or nil
end

-- With leading zeros up to `width` digits: ("123", 6) -> "000123". A longer one stays.
function account.pad(value, width)
  local text = account.number(value)
  return text and ("0"):rep(width - #text) .. text
end

-- Without its last digit, the check digit, where it has exactly `width` + 1: ("12345678905", 10) -> "1234567890".
function account.without_check(value, width)
  local text = account.number(value)
  if text and #text == width + 1 then return text:sub(1, width) end
  return text
end

local function bare(text) return (text:gsub("^0+", "")) end

-- Whether two are the same account: equal but for leading zeros, or for a last digit that one of them lacks.
-- Blank ones are the same as nothing.
function account.same(a, b)
  a, b = account.number(a), account.number(b)
  if not a or not b then return false end
  a, b = bare(a), bare(b)
  if #a > #b then a, b = b, a end
  return a == b or (#a > 0 and #b == #a + 1 and b:sub(1, #a) == a)
end

return account
