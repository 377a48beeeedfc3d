-- What tests of modules share: same(got, want, name) prints a line a test; finish() sets the exit status.
package.path = "runtime/?.lua;" .. package.path
local harness, failed = {}, false

-- A table as text, keys in order, so that two of the same content are the same.
local function text(value)
  if type(value) ~= "table" then return type(value) == "string" and ("%q"):format(value) or tostring(value) end
  local keys, out = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do out[i] = tostring(key) .. "=" .. text(value[key]) end
  return "{" .. table.concat(out, ", ") .. "}"
end

function harness.same(got, want, name)
  if text(got) ~= text(want) then
    failed = true
    print(("got  %s\nwant %s\nnot ok - %s"):format(text(got), text(want), name))
  else
    print("ok - " .. name)
  end
end

function harness.raises(fn, part, name)
  local ok, why = pcall(fn)
  harness.same(not ok and tostring(why):find(part, 1, true) ~= nil, true, name)
end

function harness.finish() os.exit(failed and 1 or 0) end

return harness
