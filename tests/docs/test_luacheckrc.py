#!/usr/bin/python3
"""The luacheck standard of adapters has exactly the names of the sandbox's allow-list."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = """
local env = { stds = {}, files = setmetatable({}, { __index = function() return {} end }) }
assert(loadfile(arg[1], "t", env))()
for k, v in pairs(env.stds.adapter.read_globals) do
  if type(v) == "string" then print(v) else for _, field in ipairs(v.fields) do print(k .. "." .. field) end end
end
"""

run = subprocess.run(["lua5.4", "-", os.path.join(ROOT, ".luacheckrc")], input=NAMES, capture_output=True, text=True, check=True)
checked = set(run.stdout.split())
with open(os.path.join(ROOT, "core", "script", "sandbox.c"), encoding="utf-8") as file:
    table = re.search(r"names\[\] = \{(.*?)NULL", file.read(), re.S).group(1)
allowed = set(re.findall(r'"([^"]+)"', table))
problems = ["luacheck lacks " + n for n in sorted(allowed - checked)] + ["luacheck has " + n for n in sorted(checked - allowed)]
if len(allowed) < 50:
    problems.append("only %d names found in sandbox.c" % len(allowed))
print("\n".join(problems + ["%s - luacheck knows what the sandbox has" % ("not ok" if problems else "ok")]))
sys.exit(1 if problems else 0)
