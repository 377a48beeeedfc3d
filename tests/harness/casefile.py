"""Reads a case: one plain-text file, one test. See README.md beside this file."""
import json
import re
import shlex

PRELUDE = '''-- %(title)s
local function show(v)
  if type(v) ~= "table" then return type(v) == "string" and ("%%q"):format(v) or tostring(v) end
  local out = {}
  for k, x in pairs(v) do out[#out + 1] = tostring(k) .. "=" .. show(x) end
  return "{" .. table.concat(out, ", ") .. "}"
end
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return rawequal(a, b) or (a == b and math.type(a) == math.type(b)) end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end
local function eq(got, want)
  if not same(got, want) then error("got " .. show(got) .. ", want " .. show(want), 2) end
end
local function raises(f, ...)
  if pcall(f, ...) then error("nothing was raised", 2) end
end
local function login(s, path, opts)
  opts = opts or {}
  opts.form = { username = s.credentials.username, password = s.credentials.password }
  return s:post(path or "/login", opts)
end
'''
FIELDS = [
    ("api", "1"), ("id", '"example"'), ("name", '"Example Power & Light"'), ("utility_id", '"EXAMPLE"'),
    ("regions", '{ "NY" }'), ("services", '{ "electric", "gas" }'), ("portal", '"https://www.example.test/"'),
    ("evidence", '"modelled"'),
    ("credentials", '''{
    { name = "username", label = "Email", type = "email" },
    { name = "password", label = "Password", secret = true },
  }'''),
]
CREDENTIALS = '{"username": "ada@example.test", "password": "Tr0ub4dor&3"}'
KNOWN = {"adapter", "policy", "hosts", "patterns", "errors", "manifest", "top", "sign_in", "meters", "sign_out", "portal",
         "credentials", "answers", "args", "command", "file", "expect", "skip"}
EXPECT_KEYS = {"exit", "error", "message", "json", "meters", "challenge", "script", "requests", "header", "no-header", "stderr",
               "stdout", "never", "never-forms", "elapsed", "timeout", "owner", "retry", "help", "plain", "connections", "not-json"}


class Step:
    """One command and what is expected of it."""

    def __init__(self, sections, expect):
        self.credentials = sections.get("credentials", CREDENTIALS)
        self.answers = sections.get("answers")
        self.args = shlex.split(sections.get("args", ""))
        self.command = shlex.split(sections.get("command", "run {{adapter}}"))
        self.expect = expect


class Case:
    def __init__(self, path, title, sections, steps, files):
        self.path, self.title, self.steps, self.files = path, title, steps, files
        self.portal = sections.get("portal", "")
        self.skip = sections.get("skip", "").strip()
        self.adapter = sections["adapter"] if "adapter" in sections else generate(title, sections)


def generate(title, s):
    """An adapter with the manifest of the design, around the parts given."""
    extra = s.get("manifest", "")
    out = [PRELUDE % {"title": title}, s.get("top", ""), "return {\n"]
    out += ["  %s = %s,\n" % (k, v) for k, v in FIELDS if not re.search(r"^\s*%s\s*=" % k, extra, re.M)]
    if not re.search(r"^\s*hosts\s*=", extra, re.M):
        out.append("  hosts = { %s },\n" % s.get("hosts", '"www.example.test"').strip())
    if not re.search(r"^\s*mfa\s*=", extra, re.M):
        out.append('  mfa = { policy = "%s", patterns = {\n%s  } },\n' % (s.get("policy", "relay").strip(), s.get("patterns", "")))
    if not re.search(r"^\s*errors\s*=", extra, re.M):
        out.append("  errors = {\n%s  },\n" % s.get("errors", ""))
    out.append(extra)
    out.append("  sign_in = function(s)\n%s  end,\n" % s.get("sign_in", ""))
    default = '    return { { account = "100", service = "electric" } }\n'
    out.append("  meters = function(s)\n%s  end,\n" % s.get("meters", default))
    if "sign_out" in s:
        out.append("  sign_out = function(s)\n%s  end,\n" % s["sign_out"])
    return "".join(out) + "}\n"


def read_expect(text, path):
    """{key: [values]}: a value may go on in indented lines."""
    out, key = {}, None
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t":
            if key is None:
                raise ValueError("%s: expect begins with an indented line" % path)
            out[key].append(line.strip()) if key == "requests" else out[key].__setitem__(-1, out[key][-1] + "\n" + line.strip())
            continue
        key, colon, value = line.partition(":")
        if not colon or key not in EXPECT_KEYS:
            raise ValueError("%s: expect does not know %r" % (path, line))
        if key == "requests":
            out[key] = [value.strip()] if value.strip() else []
        else:
            out.setdefault(key, []).append(value.strip())
    for name in ("json", "meters", "challenge"):
        out[name] = [json.loads(v) for v in out.get(name, [])]
    return out


def read(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        text = file.read()
    head, *rest = re.split(r"^--- ", text, flags=re.M)
    title = " ".join(line.lstrip("# ").strip() for line in head.splitlines() if line.strip())
    if not title:
        raise ValueError("%s: the first line says what the case is about" % path)
    sections, steps, files = {}, [], {}
    for part in rest:
        first, _, body = part.partition("\n")
        name, _, argument = first.strip().partition(" ")
        if name not in KNOWN:
            raise ValueError("%s: no such section: %s" % (path, name))
        body = re.sub(r"\n+\Z", "\n", body)
        if name == "expect":
            steps.append(Step(sections, read_expect(body, path)))
            for once in ("answers", "args", "command"):
                sections.pop(once, None)
        elif name == "file":
            files[argument] = body
        else:
            sections[name] = argument + "\n" if argument else body
    if not steps:
        raise ValueError("%s: nothing is expected" % path)
    return Case(path, title, sections, steps, files)
