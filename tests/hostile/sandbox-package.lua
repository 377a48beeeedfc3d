-- package, dofile, loadfile, collectgarbage, warn, rawset of engine tables: none is there.
-- expect: meters
-- within: 500 ms
for _, name in ipairs({ "package", "dofile", "loadfile", "collectgarbage", "warn", "debug", "io", "os", "newproxy", "module" }) do
  assert(_G[name] == nil, name)
end
assert(string.dump == nil)
