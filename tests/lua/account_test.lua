-- Numbers that are names: cleaned, never computed with.
package.path = "tests/lua/?.lua;" .. package.path
local t = require "harness"
local account = require "meterkey.account"

t.same(account.number(" 0012-3456 7"), "001234567", "blanks, dashes, leading zeros")
t.same(account.number("12\u{A0}34"), "1234", "a hard blank")
t.same(account.number(42), "42", "an integer")
t.same(account.number("E-17 b"), "E17b", "letters stay")
t.same(account.number(" - "), nil, "nothing but dashes")
t.same(account.number(nil), nil, "nothing")
t.same(account.number(false), nil, "what is no number")
t.raises(function() account.number(12.5) end, "float", "a float is refused")
t.same(account.pad("123", 6), "000123", "padded")
t.same(account.pad("1234567", 6), "1234567", "long enough")
t.same(account.pad(nil, 6), nil, "nothing to pad")
t.same(account.without_check("123 4567 8905", 10), "1234567890", "the check digit goes")
t.same(account.without_check("1234567890", 10), "1234567890", "there is none")
t.same(account.same("0000123", "123"), true, "leading zeros")
t.same(account.same("00123456", "12345"), true, "a dropped last digit")
t.same(account.same("12345", "123456"), true, "either way round")
t.same(account.same("12345", "12346"), false, "another number")
t.same(account.same("12345", "1234567"), false, "two digits more")
t.same(account.same(nil, nil), false, "nothing is the same as nothing")
t.same(account.same("0", "1"), false, "zero is nobody's account")
t.finish()
