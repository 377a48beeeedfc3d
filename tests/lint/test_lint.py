#!/usr/bin/python3
"""The lint on bad samples: each must be found, and a good tree must be clean."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lint

HEAD = "/* %s - sample (layer %s) */\n"
LONG = "int mk_long(void)\n{\n" + "    (void)0;\n" * 105 + "    return 0;\n}\n"
GOOD = {
    "core/base/good.c": HEAD % ("good.c", "base") + '#include "base/mem.h"\n/* atoi( in a comment */\n'
                        'static const char *text = "strcpy(";\nint mk_good(int n)\n{\n    return n + (text != 0);\n}\n',
    "core/net/good.c": HEAD % ("good.c", "net") + '#include "base/mem.h"\n#include <curl/curl.h>\n',
    "core/bind/good.c": HEAD % ("good.c", "bind") + '#include <lua.h>\n#include "net/x.h"\n',
    "runtime/good.lua": "-- A good one.\nreturn {}\n",
    "tests/unit/base/test_good.c": HEAD % ("test_good.c", "base") + "static void holds(void **state)\n{\n}\nint main(void)\n{\n    return run(holds);\n}\n",
}
BAD = [
    ("an include upward", "core/base/a.c", HEAD % ("a.c", "base") + '#include "net/http.h"\n', "above it"),
    ("store beside session", "core/store/a.c", HEAD % ("a.c", "store") + '#include "session/s.h"\n', "above it"),
    ("curl outside net", "core/parse/a.c", HEAD % ("a.c", "parse") + "#include <curl/curl.h>\n", "only net"),
    ("lua outside script and bind", "core/net/a.c", HEAD % ("a.c", "net") + "#include <lauxlib.h>\n", "only bind and script"),
    ("microhttpd outside service", "core/cli/a.c", HEAD % ("a.c", "cli") + "#include <microhttpd.h>\n", "only service"),
    ("an unknown layer", "core/misc/a.c", HEAD % ("a.c", "misc"), "no layer"),
    ("a function over 100 lines", "core/base/a.c", HEAD % ("a.c", "base") + LONG, "100 at most"),
    ("a file over 600 lines", "core/base/a.c", HEAD % ("a.c", "base") + "\n" * 600, "600 at most"),
    ("no first comment", "core/base/a.c", "#include <stdio.h>\n", "first line is not"),
    ("another file's first comment", "core/base/a.c", HEAD % ("b.c", "base"), "first line is not"),
    ("the wrong layer in the first comment", "core/base/a.c", HEAD % ("a.c", "net"), "does not name the layer"),
    ("strcpy", "core/base/a.c", HEAD % ("a.c", "base") + "void f(char *a)\n{\n    strcpy(a, a);\n}\n", "strcpy: use"),
    ("atoi with a blank", "core/base/a.c", HEAD % ("a.c", "base") + "int f(char *a)\n{\n    return atoi (a);\n}\n", "atoi: use"),
    ("malloc", "core/base/a.c", HEAD % ("a.c", "base") + "void *f(void)\n{\n    return malloc(1);\n}\n", "base/mem.h"),
    ("a leftover", "core/base/a.c", HEAD % ("a.c", "base") + "/* TO" "DO: more */\n", "leftover"),
    ("blanks at the end", "core/base/a.c", HEAD % ("a.c", "base") + "int a; \n", "blanks at the end"),
    ("a tab", "core/base/a.c", HEAD % ("a.c", "base") + "\tint a;\n", "a tab"),
    ("no end of line", "core/base/a.c", HEAD % ("a.c", "base") + "int a;", "no end of line"),
    ("a global in Lua", "runtime/a.lua", "-- A bad one.\nfoo = 1\nreturn {}\n", "foo"),
    ("Lua without a first comment", "runtime/a.lua", "return {}\n", "no comment"),
    ("a test that is not listed", "tests/unit/base/test_a.c",
     HEAD % ("test_a.c", "base") + "static void lost(void **state)\n{\n}\nint main(void)\n{\n    return 0;\n}\n", "does not list"),
    ("a test where none is built", "tests/other/test_a.c", HEAD % ("test_a.c", "base"), "no rule builds"),
]


def findings(files):
    root = tempfile.mkdtemp()
    try:
        for name, text in files.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        return lint.Lint(root).all()
    finally:
        shutil.rmtree(root)


def main():
    bad = 0
    clean = findings(GOOD)
    print("ok - a good tree is clean" if not clean else "\n".join(clean) + "\nnot ok - a good tree is clean")
    bad += bool(clean)
    for title, path, text, want in BAD:
        found = [f for f in findings({**GOOD, path: text}) if f.startswith(path + ":") and want in f]
        bad += not found
        print("%s - %s is found" % ("ok" if found else "not ok", title))
    many = "".join("int f%d(void)\n{\n%s    return 0;\n}\n" % (i, "    (void)0;\n" * (60 if i % 10 == 0 else 1)) for i in range(60))
    found = any("95 of 100" in f for f in findings({"core/base/a.c": HEAD % ("a.c", "base") + many}))
    bad += not found
    print("%s - too many long functions are found" % ("ok" if found else "not ok"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
