"""What a scripted portal answers: the text of a case's `portal` section.

    GET /login -> 200 html
      > Set-Cookie: sid=1; Path=/
      | <form id=signin method=post action=/login>…</form>
    POST /login ? password=right -> 302 /home
    POST login.example.test/x -> 200 json :: {"n": {{n}}}
    GET /slow -> 200 text drip=1/0.1 :: hello

One line says what is asked for (method, path, with another host in front, with
` ? field=value` conditions on a form or query field, on `cookie.NAME`, or on
`header.NAME`; `*` in a value or path is any text) and what comes: a status and
a media type (html, text, json, xml, css, bin, or type/subtype), for a 3xx the
Location, or `close`, `reset`, `hold` instead of an answer. The same line given
again is the next answer to the same question; the last one stays.

Behaviours: delay=S, drip=BYTES/S, close-at=N, reset-at=N (bytes of the whole
answer), chunked, no-length, endless, gzip, deflate, bomb=MIB (a gzip of zeros),
raw (the body is the whole answer; \\r \\n \\xNN are read as in C).

In headers, Location and body: {{form.NAME}} {{query.NAME}} {{cookie.NAME}}
{{header.NAME}} of this request, {{seen.NAME}} the last value of a field in any
request, {{body}}, {{n}} the number of the request, {{http}} the plain origin.
"""
import fnmatch
import re

TYPES = {"html": "text/html; charset=utf-8", "text": "text/plain; charset=utf-8",
         "json": "application/json", "xml": "application/xml", "css": "text/css",
         "bin": "application/octet-stream"}
ABRUPT = ("close", "reset", "hold")
FLAGS = ("chunked", "no-length", "endless", "gzip", "deflate", "raw")
SETTINGS = ("delay", "drip", "close-at", "reset-at", "bomb")
LINE = re.compile(r"^([A-Z]+) (?:\[?([A-Za-z0-9.-]+(?::\d+)?)\]?)?(/\S*|\*)((?: \? \S+)*) -> (\S+)(.*)$")


class Route:
    """One line of the portal section with its headers and body."""

    def __init__(self, line):
        found = LINE.match(line)
        if not found:
            raise ValueError("not a route: " + line)
        self.method, self.host, self.path, conditions, first, rest = found.groups()
        self.conditions = [c.split("=", 1) for c in re.findall(r" \? (\S+)", conditions)]
        if any(len(c) != 2 for c in self.conditions):
            raise ValueError("a condition is name=value: " + line)
        self.headers, self.lines, self.inline = [], [], None
        self.type, self.location, self.settings, self.flags = None, None, {}, set()
        if " :: " in rest or rest.startswith(":: "):
            rest, self.inline = rest.split(":: ", 1)
        self.abrupt = first if first in ABRUPT else None
        self.status = 0 if self.abrupt else int(first)
        for word in rest.split():
            self.word(word, line)

    def word(self, word, line):
        name = word.split("=", 1)[0]
        if word in FLAGS:
            self.flags.add(word)
        elif name in SETTINGS and "=" in word:
            self.settings[name] = word.split("=", 1)[1]
        elif word in TYPES:
            self.type = TYPES[word]
        elif 300 <= self.status < 400 and self.location is None:
            self.location = word
        elif re.match(r"^[a-z]+/[\w.+-]+(;\S+)?$", word):
            self.type = word
        else:
            raise ValueError("what is %r in: %s" % (word, line))

    def key(self):
        return (self.method, self.host, self.path, tuple(map(tuple, self.conditions)))

    def body(self):
        return self.inline if self.inline is not None else "".join(l + "\n" for l in self.lines)

    def fits(self, request):
        if self.method not in (request.method, "ANY"):
            return False
        if self.host and self.host not in (request.host, request.name):
            return False
        target = request.target if "?" in self.path else request.path
        pattern = self.path.replace("[", "[[]").replace("?", "[?]")
        if not fnmatch.fnmatchcase(target, pattern):
            return False
        return all(fnmatch.fnmatchcase(request.field(n) if request.field(n) is not None else "\0", v.replace("[", "[[]"))
                   for n, v in self.conditions)


class Routes:
    """All of them; answer() counts what was used."""

    def __init__(self, text):
        self.groups = {}
        route = None
        for line in text.splitlines():
            stripped = line.strip()
            if not stripped or stripped.startswith("#"):
                continue
            if stripped.startswith("> ") and route:
                route.headers.append(tuple(part.strip() for part in stripped[2:].split(":", 1)))
            elif stripped.startswith("|") and route:
                route.lines.append(line.lstrip()[1:][1:] if stripped.startswith("| ") else line.lstrip()[1:])
            else:
                route = Route(stripped)
                self.groups.setdefault(route.key(), []).append(route)
        self.used = {}

    def answer(self, request):
        """The route for a request, those with conditions and a host first."""
        fitting = [key for key, group in self.groups.items() if group[0].fits(request)]
        if not fitting:
            return None
        fitting.sort(key=lambda key: (-len(key[3]), key[1] is None, key[2].count("*"), key[0] == "ANY"))
        key = fitting[0]
        count = self.used.get(key, 0)
        self.used[key] = count + 1
        group = self.groups[key]
        return group[min(count, len(group) - 1)]
