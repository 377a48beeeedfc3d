-- Writes docs/reference/errors.md from core/base/fault_table.c: lua5.4 tools/errors.lua >docs/reference/errors.md
-- It reads the table's own spelling and fails if a row is written in another.
local exits = { auth = 10, mfa = 11, user_action = 12, site = 13, net = 13, adapter = 14, policy = 15, engine = 16 }
local domains = { "auth", "mfa", "user_action", "site", "net", "adapter", "policy", "engine" }
local meaning = {
  auth = "The portal and the account: who may sign in.",
  mfa = "The second factor, and whoever answers for it.",
  user_action = "The portal wants something of the customer first, on its own pages.",
  site = "The portal is there but does not serve.",
  net = "Between here and the portal.",
  adapter = "The script no longer fits its portal, or never did. An unclassified failure belongs here, never to the customer.",
  policy = "What a script may do. The engine ends the session; `pcall` does not catch it.",
  engine = "The engine itself.",
}

local function read_rows(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  local rows, begun = {}, select(2, text:gsub('\n    { "', ""))
  for code, owner, retry, kind, help in text:gmatch('{ "([%w_.]+)", "([%w_]+)", "([%w_]+)", (%u+),%s*(".-") }') do
    help = help:gsub('"%s*\n%s*"', ""):match('^"(.*)"$'):gsub('\\"', '"')
    rows[#rows + 1] = { code = code, owner = owner, retry = retry, kind = kind, help = help }
  end
  assert(#rows > 0 and #rows == begun, "a row of " .. path .. " is written in a way this tool does not read")
  return rows
end

local function write_domain(domain, rows)
  print(("\n## %s (exit status %d)\n\n%s\n"):format(domain, exits[domain], meaning[domain]))
  print("| Code | Whose | Retry | `pcall` | What to do |\n|---|---|---|---|---|")
  for _, row in ipairs(rows) do
    if row.code:match("^(.-)%.") == domain then
      local caught = row.kind == "FINAL" and "no" or "catches"
      local owner = row.owner .. (row.kind == "COUNTS" and ", counts" or "")
      print(("| `%s` | %s | %s | %s | %s |"):format(row.code, owner, row.retry, caught, row.help))
    end
  end
end

print([[
# Errors

Made by `tools/errors.lua` from `core/base/fault_table.c`; do not edit.

How a session can end. A code is `domain.code`; its domain gives the exit status of `meterkey run`.

*Whose* says who can do something about it: the user (the customer), the site, the adapter's author, the engine, the network
or the operator. *counts* marks what a portal may count toward locking the account. *Retry*: `never`; `now`; `after`
a while; `after_user`, once the customer has done something. *`pcall`* says whether a script can catch it.

The codes an adapter may give in `errors` and to `s:fail` are these. A code that is not in the table is refused.]])
local rows = read_rows("core/base/fault_table.c")
for _, domain in ipairs(domains) do write_domain(domain, rows) end
