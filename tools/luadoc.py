#!/usr/bin/python3
"""Makes the reference of what Lua scripts see from the comments above its C functions.

    tools/luadoc.py              the whole page, docs/reference/lua.md, on standard output
    tools/luadoc.py --check      says which registered function has no comment; status 1 if any

A comment says `/* json.decode(text[, path]) -> value | nil, message, code  [-2, +1|+3, e] no wait */`;
a `/** ... */` right after it is its text in Markdown. Several signatures may share one text.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIND = os.path.join("core", "bind")
# Title, files, names that its comments begin with.
SECTIONS = [
    ("The session, `s`", ["session.c"], ["s", "s.cookies"]),
    ("Pages", ["page.c"], ["page"]),
    ("Elements", ["element.c"], ["el"]),
    ("Forms", ["form.c"], ["form"]),
    ("Opaque values", ["secret.c"], ["secret"]),
    ("meterkey.http", ["m_http.c"], ["http"]),
    ("meterkey.html", ["m_html.c"], ["html", "doc"]),
    ("meterkey.json", ["m_json.c"], ["json"]),
    ("meterkey.regex", ["m_regex.c"], ["regex"]),
    ("meterkey.url", ["m_url.c"], ["url"]),
    ("meterkey.crypto", ["m_crypto.c"], ["crypto"]),
    ("meterkey.time", ["m_time.c"], ["time"]),
    ("meterkey.cookies", ["m_cookies.c"], ["cookies", "jar"]),
    ("meterkey.log", ["m_log.c"], ["log"]),
]
# What is no C function.
MORE = {"The session, `s`": [
    ("s:ask(challenge, handlers)", "→ page, or the chosen id", "*waits*",
     "Asks the customer. `challenge`: `page.mfa` or a table with the same keys (`kind` is needed). `handlers`: a function "
     "`verify(answer, page)` or a table of `verify`, `resend(page)`, `poll(page)` with `every` seconds. A page on which an `errors` entry "
     "with `mfa.code_wrong` or `mfa.code_expired` holds is asked about again, three tries in all."),
    ("s.credentials.NAME", "", "", "What the customer entered; opaque where the manifest says `secret = true`."),
    ("s.keep", "", "", "A table of strings, numbers, booleans and opaque values that lasts from run to run of one authorization."),
]}
COMMENT = re.compile(r"^/\*(\*?)\s(.*?)\*/$", re.S | re.M)
EFFECT = re.compile(r"\s+(?:waits\s+)?\[(?:[-][^\]]*|constant)\](?:\s+no wait)?\s*$")


def plain(text):
    """A comment's text without the stars of its lines."""
    return "\n".join(re.sub(r"^ \*(?: |$)", "", line) for line in text.split("\n")).strip()


def read(path):
    with open(os.path.join(ROOT, BIND, path), encoding="utf-8") as file:
        return file.read()


def split(signature):
    """(call, result, waits) of the text of a signature."""
    waits = re.search(r"\swaits\s", signature) is not None
    text = " ".join(EFFECT.sub("", signature).split())
    at = re.match(r"[\w.]+(?::\w+)?", text).end()
    if text[at:at + 2] == " .":  # a list of fields
        at = re.match(r"[\w.]+(?: \.\w+)*", text).end()
    depth = 0
    while at < len(text) and (depth or text[at] in "({"):  # the call ends where its brackets do
        depth += (text[at] in "([{") - (text[at] in ")]}")
        at += 1
    return text[:at], re.sub(r"^[:,]\s*", "", text[at:].strip()).replace("->", "→"), waits


def entries(files, names):
    """[([(call, result, waits)], text)] in the order of the source."""
    begins = re.compile(r"(?:%s)[.:][a-z_]" % "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    found = []
    for path in files:
        source, end, open_entry = read(path), 0, False
        for match in COMMENT.finditer(source):
            text = plain(match.group(2))
            follows = source[end:match.start()].strip() == ""
            if match.group(1) and follows and open_entry:
                found[-1][1] = text
                open_entry = False
            elif not match.group(1) and match.start() > 0 and begins.match(text):
                if follows and open_entry:
                    found[-1][0].append(split(text))
                else:
                    found.append([[split(text)], ""])
                    open_entry = True
            end = match.end()
    return found


def intro(path):
    """The text of the file's first comment, without its first line."""
    return plain(COMMENT.search(read(path)).group(2)).partition("\n")[2].strip()


def page():
    out = ["# What scripts see", "", "Made by `make docs` from the comments in `core/bind/`; do not edit.", "",
           "`s`, pages, elements, forms and opaque values come from the engine; a module is had by `require \"meterkey.json\"`.",
           "Library functions return `nil, message, code` for what the world gets wrong and raise for a mistake of the script's;",
           "methods of `s` raise typed errors. What *waits* cannot be called inside a sort, a gsub function or `tostring`.", ""]
    for title, _, _ in SECTIONS:
        out.append("- [%s](#%s)" % (title, re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-")))
    for title, files, names in SECTIONS:
        out += ["", "## " + title, ""]
        if title.startswith("meterkey.") and intro(files[0]):
            out += [intro(files[0]), ""]
        for calls, text in entries(files, names):
            for call, result, waits in calls:
                line = "### `%s`" % call
                out += [line, ""]
                if result or waits:
                    out += [" · ".join(filter(None, [result, "*waits*" if waits else ""])), ""]
            if text:
                out += [text, ""]
        for call, result, waits, text in MORE.get(title, []):
            out += ["### `%s`" % call, ""]
            if result:
                out += [" · ".join(filter(None, [result, waits])), ""]
            out += [text, ""]
    return "\n".join(out).replace("\n\n\n", "\n\n").rstrip("\n") + "\n"


def missing():
    """Registered names without a comment."""
    found = []
    for title, files, names in SECTIONS:
        documented = set()
        for calls, _ in entries(files, names):
            for call, _, _ in calls:
                documented |= set(re.findall(r"[.:]([a-z_0-9]+)", call.partition("(")[0]))
        for path in files:
            for name in re.findall(r'\{\s*"([a-z][a-z_0-9]*)",\s*b_\w+\s*\}', read(path)):
                if name not in documented and path.startswith("m_"):
                    found.append("%s/%s: '%s' has no comment above it (%s)" % (BIND, path, name, title))
    return found


def main():
    if sys.argv[1:] == ["--check"]:
        found = missing()
        print("\n".join(found) or "every function is documented")
        return 1 if found else 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
