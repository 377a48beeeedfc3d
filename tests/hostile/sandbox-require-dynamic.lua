-- require with a name that only shows at run time, of everything tempting.
-- expect: meters
-- within: 500 ms
for _, name in ipairs({ "os", "io", "debug", "cjson", "lfs", "/etc/passwd", "../x", "meterkey.x", "meterkey.ask\0x", "socket", "" }) do
  assert(not pcall(require, name), name)
end
