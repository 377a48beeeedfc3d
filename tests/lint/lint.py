#!/usr/bin/python3
"""Checks the sources against the project's habits; prints file:line: message.

    tests/lint/lint.py [ROOT]       status 1 if anything was found

Layers (no include upward; libraries only where they belong), lengths of files
and functions, first lines, forbidden functions, blanks, leftovers, and Lua
through luacheck. test_lint.py beside this file runs it on bad samples.
"""
import collections
import glob
import os
import re
import shutil
import subprocess
import sys

LAYERS = ["base", "parse", "vault", "journal", "net", "script", "bind", "session", "worker", "store", "service", "cli"]
BESIDE = {("session", "store"), ("store", "session"), ("worker", "store"), ("store", "worker")}
# A library's header, and the layers that may include it.
LIBRARIES = [(r"curl/", {"net"}), (r"(lua|lauxlib|lualib|luaconf)\.h", {"script", "bind"}), (r"microhttpd\.h", {"service"}),
             (r"(seccomp|linux/landlock)\.h", {"worker"}), (r"sqlite3\.h|libpq-fe\.h", {"store"})]
# How a layer's C may name what it must not call, and what to use instead.
FORBIDDEN = {"strcpy": "mk_buf", "strcat": "mk_buf", "sprintf": "snprintf or mk_buf_addf", "vsprintf": "vsnprintf", "strncpy": "memcpy",
             "strncat": "mk_buf", "strtok": "strcspn", "strtok_r": "strcspn", "atoi": "strtol", "atol": "strtol", "atoll": "strtoll", "atof": "strtod",
             "gets": "fgets", "alloca": "mk_malloc", "tmpnam": "mkstemp", "mktemp": "mkstemp", "system": "posix_spawn", "popen": "posix_spawn",
             "rand": "mk_random", "srand": "mk_random", "random": "mk_random", "signal": "sigaction", "usleep": "an event"}
ALLOCATORS = ("malloc", "calloc", "realloc", "free", "strdup", "strndup")
LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MAX_FILE, MAX_FUNCTION, LONG_FUNCTION, SHARE = 600, 100, 50, 0.95
TEXT = (".c", ".h", ".lua", ".py", ".sh", ".md", ".mk", ".txt", ".js", ".css", ".html", ".case")


class Lint:
    def __init__(self, root):
        self.root, self.found, self.functions = root, [], []

    def say(self, path, line, text):
        self.found.append("%s:%d: %s" % (os.path.relpath(path, self.root), line, text))

    def files(self, *patterns):
        out = [p for pattern in patterns for p in glob.glob(os.path.join(self.root, pattern), recursive=True)]
        return sorted(p for p in out if os.path.isfile(p) and "node_modules" not in p)

    def all(self):
        for path in self.files("core/**/*.c", "core/**/*.h", "tests/**/*.c", "tests/**/*.h", "rockspec/**/*.c"):
            self.c_file(path)
        self.share()
        tracked = self.files(*["%s/**/*" % d for d in ("core", "runtime", "scripts", "tests", "tools", "docs", "mk", "rockspec", ".ci")],
                             "Makefile", "*.md")
        for path in tracked:
            if path.endswith(TEXT) or os.path.basename(path) == "Makefile":
                self.text(path)
        self.lua()
        self.registered()
        return self.found

    # -- C ---------------------------------------------------------------
    def c_file(self, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            source = file.read()
        lines = source.splitlines()
        relative = os.path.relpath(path, self.root).split(os.sep)
        layer = relative[1] if relative[0] == "core" and len(relative) > 2 else None
        name = os.path.basename(path)
        if not lines or not re.match(r"/\* " + re.escape(name) + r" - \S", lines[0]):
            self.say(path, 1, "the first line is not `/* %s - its subject (layer) */`" % name)
        elif layer and not re.search(r"\b%s\b" % layer, " ".join(lines[:2])):
            self.say(path, 1, "the first line does not name the layer, %s" % layer)
        if len(lines) > MAX_FILE:
            self.say(path, len(lines), "%d lines, %d at most" % (len(lines), MAX_FILE))
        bare = strip(source)
        self.includes(path, layer, source)
        self.calls(path, layer, bare)
        self.lengths(path, bare)

    def includes(self, path, layer, source):
        if layer is None:
            return
        if layer not in LAYERS:
            self.say(path, 1, "core/%s is no layer" % layer)
            return
        for number, line in enumerate(source.splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not found:
                continue
            target = found.group(2)
            upper = target.split("/")[0]
            if found.group(1) == '"' and upper in LAYERS:
                if LAYERS.index(upper) > LAYERS.index(layer) or (layer, upper) in BESIDE:
                    self.say(path, number, "%s/ includes %s/, which is above it" % (layer, upper))
            for pattern, allowed in LIBRARIES:
                if re.match(pattern, target) and layer not in allowed:
                    self.say(path, number, "only %s may include %s" % (" and ".join(sorted(allowed)), target))

    def calls(self, path, layer, bare):
        for found in re.finditer(r"(?<![\w.>])(\w+)\s*\(", bare):
            name = found.group(1)
            number = bare.count("\n", 0, found.start()) + 1
            if name in FORBIDDEN:
                self.say(path, number, "%s: use %s" % (name, FORBIDDEN[name]))
            elif layer and name in ALLOCATORS and not path.endswith("base/mem.c"):
                self.say(path, number, "%s: allocations go through base/mem.h" % name)

    def lengths(self, path, bare):
        for name, start, length in functions(bare):
            if path.startswith(os.path.join(self.root, "core")):
                self.functions.append((length, path, start, name))
            if length > MAX_FUNCTION:
                self.say(path, start, "%s has %d lines, %d at most" % (name, length, MAX_FUNCTION))

    def share(self):
        if len(self.functions) < 20:
            return
        long = sorted((f for f in self.functions if f[0] > LONG_FUNCTION), reverse=True)
        if len(long) > (1 - SHARE) * len(self.functions):
            for length, path, start, name in long:
                self.say(path, start, "%s has %d lines; 95 of 100 functions have at most %d" % (name, length, LONG_FUNCTION))

    # -- any text ----------------------------------------------------------
    def text(self, path):
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            source = file.read()
        data = "/corpus/" in path or "/portals/" in path and path.endswith(".html")
        if data:
            return
        for number, line in enumerate(source.split("\n"), 1):
            if line.endswith("\r"):
                self.say(path, number, "a carriage return at the end")
            elif line != line.rstrip() and not path.endswith((".case", ".md")):
                self.say(path, number, "blanks at the end")
            if LEFTOVER.search(line) and not path.endswith(".case"):
                self.say(path, number, "a leftover: " + LEFTOVER.search(line).group(0))
            if "\t" in line and path.endswith((".c", ".h", ".lua", ".py")):
                self.say(path, number, "a tab")
        if source and not source.endswith("\n"):
            self.say(path, source.count("\n") + 1, "no end of line at the end of the file")

    # -- Lua -----------------------------------------------------------------
    def lua(self):
        paths = self.files("runtime/**/*.lua", "scripts/**/*.lua", "tests/lua/**/*.lua", "tools/*.lua", "rockspec/**/*.lua")
        for path in paths:
            with open(path, encoding="utf-8", errors="replace") as file:
                first = file.readline()
            if not first.startswith("--") and not first.startswith("#!"):
                self.say(path, 1, "the first line is no comment that says what this is")
        if not paths or not shutil.which("luacheck"):
            return
        config = os.path.join(self.root, ".luacheckrc")
        argv = ["luacheck", "--codes", "--no-color", "--formatter", "plain", "-q"]
        argv += ["--config", config] if os.path.exists(config) else []
        done = subprocess.run(argv + [os.path.relpath(p, self.root) for p in paths], cwd=self.root, capture_output=True, text=True)
        self.found += [line for line in done.stdout.splitlines() if re.match(r"^\S+:\d+:", line)]
        if done.returncode > 2:
            self.found.append("luacheck: " + (done.stderr or done.stdout).strip())

    # -- tests are found by the runner -------------------------------------------
    def registered(self):
        """A C test that lies where the Makefile does not look would never run."""
        for path in self.files("tests/**/test_*.c", "tests/**/fuzz_*.c"):
            relative = os.path.relpath(path, self.root)
            known = re.match(r"tests/unit/[^/]+/test_\w+\.c$|tests/fuzz/fuzz_\w+\.c$", relative)
            if not known:
                self.say(path, 1, "no rule builds a test that lies here")
        for path in self.files("tests/unit/*/*.c"):
            name = os.path.basename(path)
            with open(path, encoding="utf-8", errors="replace") as file:
                source = strip(file.read())
            if "unit/support" in path:
                continue
            for test in re.findall(r"static void (\w+)\(void \*\*\w+\)\s*\{", source):
                if len(re.findall(r"\b%s\b" % test, source)) < 2:
                    self.say(path, 1, "%s is a test that %s does not list" % (test, name))


def strip(source):
    """The source with comments and the insides of strings made blank."""
    def blank(found):
        text = found.group(0)
        if text[0] in "\"'":
            return text[0] + " " * (len(text) - 2) + text[0]
        return re.sub(r"[^\n]", " ", text)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, source, flags=re.S)


def functions(bare):
    """(name, first line, number of lines) of each function of a C source in
    which a body's braces stand at the beginning of a line."""
    lines = bare.split("\n")
    start = None
    for number, line in enumerate(lines):
        if start is None and line.startswith("{"):
            head = number
            while head > 0 and lines[head - 1].strip() and not lines[head - 1].startswith(("}", "#")) and not lines[head - 1].rstrip().endswith(";"):
                head -= 1
            name = re.search(r"(\w+)\s*\(", " ".join(lines[head:number]))
            start = (name.group(1) if name else "?", head + 1)
        elif start is not None and line.startswith("}"):
            yield start[0], start[1], number - start[1] + 2
            start = None


def main():
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    lint = Lint(os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else here)
    found = lint.all()
    print("\n".join(found) if found else "lint: %d functions, nothing found" % len(lint.functions))
    if found:
        counts = collections.Counter(line.split(":")[0] for line in found)
        print("%d findings in %d files" % (len(found), len(counts)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
