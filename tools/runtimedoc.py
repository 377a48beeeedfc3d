#!/usr/bin/python3
"""Writes docs/reference/runtime.md to standard output: the modules of runtime/meterkey/ that adapters require.

    tools/runtimedoc.py           the page
    tools/runtimedoc.py --check   FILE:LINE of each public function without a comment; status 1 if there is one

A module's page is its first comment; its functions are those of the table that it returns, each with the comment above it."""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "runtime", "meterkey")
INTRO = """# Modules that adapters require

Made from the comments of `runtime/meterkey/`. They are Lua, travel in each adapter's version, and are found with `require "meterkey.NAME"`.
What C gives to scripts is in [lua.md](lua.md).
"""
PUBLIC = re.compile(r"^function (\w+)([.:])(\w+)(\([^)]*\))")


def comment_above(lines, at):
    """The lines of the comment that ends before line `at`."""
    first = at
    while first > 0 and lines[first - 1].startswith("--"):
        first -= 1
    return [re.sub(r"^-- ?", "", line) for line in lines[first:at]]


def module(path):
    """Its name, first comment and public functions as (line, signature, comment)."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    head = []
    for line in lines:
        if not line.startswith("--"):
            break
        head.append(re.sub(r"^-- ?", "", line))
    returned = next((m.group(1) for m in (re.match(r"return (\w+)$", line) for line in reversed(lines)) if m), None)
    functions = []
    for number, line in enumerate(lines):
        found = PUBLIC.match(line)
        if found and found.group(1) == returned:
            functions.append((number + 1, "".join(found.groups()), comment_above(lines, number)))
    name = os.path.relpath(path, os.path.join(ROOT, "runtime"))[:-4].replace(os.sep, ".")
    return name, head, functions


def modules():
    return [(path, *module(path)) for path in sorted(glob.glob(os.path.join(FOLDER, "**", "*.lua"), recursive=True))]


def text(lines):
    """A comment as Markdown: what is indented or aligned stands as it is."""
    return lines[0] + ("\n\n```text\n%s\n```" % "\n".join(lines[1:]).strip("\n") if len(lines) > 1 else "")


def page():
    out = [INTRO]
    found = modules()
    out.append("\n".join("- [`%s`](#%s): %s" % (name, name.replace(".", ""), head[0]) for _, name, head, _ in found) + "\n")
    for _, name, head, functions in found:
        out.append("## %s\n\n%s\n" % (name, text(head)))
        for _, signature, comment in functions:
            out.append("### `%s`\n\n%s\n" % (signature, "\n".join(comment)))
    return "\n".join(out)


def main():
    if sys.argv[1:] == ["--check"]:
        bare = ["%s:%d: %s has no comment" % (os.path.relpath(path, ROOT), line, signature)
                for path, _, _, functions in modules() for line, signature, comment in functions if not comment]
        bare += ["%s:1: no comment" % os.path.relpath(path, ROOT) for path, _, head, _ in modules() if not head]
        print("\n".join(bare))
        return 1 if bare else 0
    sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
