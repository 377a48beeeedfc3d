#!/usr/bin/python3
"""Executes what the documentation shows, so that it stays true. Prints one line a block.

A fence's words after the language say what to do with it:
    ```lua adapter=NAME     a whole adapter: meterkey check passes
    ```lua inside           a part of sign_in(s): put into an adapter, meterkey check passes
    ```lua file=PATH        (any language) is written to PATH, in the order of the page
    ```sh run [exit=N]      is executed; a ```text block right after it is what comes out, `…` standing for anything
    ```sh terminal type=A,B is executed on a terminal; a word is typed at each prompt, a line that ends in ": "
    ```sh start             is started and left running until the page is done; its ```text must have come
needs=COMMAND skips a block while the program has no such command. Each page has a folder, a home and
ports of its own. Links between pages, and pages made from the code, are checked too."""
import glob
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PAGES = ["README.md", "docs/adapters.md", "docs/tutorial-okta.md", "docs/operators.md", "CONTRIBUTING.md"]
PORTS = ["8765", "8080", "18102", "18443", "18110"]   # as the pages say; others are put in their place
LIMIT = 60                  # seconds for one block
INSIDE = """return {
  api = 1, id = "%s", name = "A part of a page", services = { "electric" },
  portal = "https://www.example.test/", hosts = { "www.example.test" },
  sign_in = function(s)
%s
  end,
  meters = function() return {}, "none" end,
}
"""


class Block:
    def __init__(self, page, line, info, text):
        self.page, self.line, self.text = page, line, text
        words = info.split()
        self.language, self.words = (words[0] if words else ""), words[1:]

    def has(self, word):
        return word in self.words

    def value(self, key):
        return next((word[len(key) + 1:] for word in self.words if word.startswith(key + "=")), None)

    def name(self):
        return "%s:%d %s" % (self.page, self.line, (self.text.strip().splitlines() or ["(empty)"])[-1][:60])


def read_blocks(page, swap):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        lines = swap(file.read()).split("\n")
    blocks, at = [], 0
    while at < len(lines):
        if lines[at].startswith("```"):
            end = lines.index("```", at + 1)
            blocks.append(Block(page, at + 1, lines[at][3:], "\n".join(lines[at + 1:end]) + "\n"))
            at = end
        at += 1
    return blocks


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def missing(expected, output):
    """The first expected line that does not come, in order, or None."""
    have = iter(output.splitlines())
    for line in filter(str.strip, expected.splitlines()):
        pattern = re.compile(".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"\s*$")
        if not any(pattern.match(got) for got in have):
            return line
    return None


class Page:
    def __init__(self, path):
        self.path, self.folder, self.running = path, tempfile.mkdtemp(), []
        ports = {port: free_port() for port in PORTS}
        self.blocks = read_blocks(path, lambda text: re.sub("|".join(PORTS), lambda found: ports[found.group()], text))
        os.mkdir(os.path.join(self.folder, "work"))
        self.env = dict(os.environ, HOME=self.folder, XDG_CONFIG_HOME=os.path.join(self.folder, "config"), LC_ALL="C.UTF-8", METERKEY=ROOT,
                        PATH=BUILD + ":" + os.environ["PATH"])
        self.env.pop("MAKEFLAGS", None)

    def close(self):
        for child in self.running:
            child.kill()
            child.wait()
            child.stdout.close()
        shutil.rmtree(self.folder)

    def path_of(self, name):
        path = os.path.join(self.folder, "work", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, name, text):
        with open(self.path_of(name), "w", encoding="utf-8") as file:
            file.write(text)

    def shell(self, text):
        return subprocess.run(["bash", "-c", text], cwd=self.path_of("."), env=self.env, stdin=subprocess.DEVNULL, timeout=LIMIT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")

    def check(self, name, text):
        self.write("../snippets/utilities/%s.lua" % name, text)
        done = self.shell("meterkey check ../snippets/utilities/%s.lua" % name)
        return None if done.returncode == 0 and "0 warnings" in done.stdout else done.stdout

    def run(self, block, expected):
        done = self.shell("set -e -o pipefail\n" + block.text if not block.value("exit") else "set -o pipefail\n" + block.text)
        if done.returncode != int(block.value("exit") or 0):
            return "exit status %d\n%s" % (done.returncode, done.stdout)
        lacks = expected and missing(expected, done.stdout)
        return "this line did not come: %s\n%s" % (lacks, done.stdout) if lacks else None

    def terminal(self, block, expected):
        """On a terminal of its own, typing the next word whenever the last line is a prompt."""
        child, side = pty.fork()
        if child == 0:
            os.chdir(os.path.join(self.folder, "work"))
            os.execvpe("bash", ["bash", "-c", block.text], dict(self.env, TERM="dumb", COLUMNS="100"))
        words, seen = block.value("type").split(","), b""
        while select.select([side], [], [], LIMIT)[0]:
            try:
                seen += os.read(side, 65536)
            except OSError:     # its end: the other side is closed
                break
            if words and re.search(rb": $", seen):
                os.write(side, words.pop(0).encode() + b"\n")
        else:
            os.kill(child, signal.SIGKILL)
        os.close(side)
        status, text = os.waitpid(child, 0)[1], seen.decode("utf-8", "replace").replace("\r", "")
        lacks = missing(expected, text)
        if status == 0 and not lacks:
            return None
        return "status %d, this line did not come: %s\n%s" % (status, lacks, text)

    def start(self, block, expected):
        child = subprocess.Popen(["bash", "-c", "exec " + block.text], cwd=self.path_of("."), env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.running.append(child)
        late = threading.Timer(LIMIT, child.kill)
        late.start()
        seen = ""
        while missing(expected, seen) is not None:
            line = child.stdout.readline()
            if not line:
                late.cancel()
                return "it ended, or did not say what it should:\n" + seen
            seen += line
        late.cancel()
        threading.Thread(target=lambda: [None for _ in child.stdout], daemon=True).start()
        return None

    def do(self, at):
        """What is wrong with block number at, "" if it needs no doing, None if all is well."""
        block = self.blocks[at]
        after = self.blocks[at + 1] if at + 1 < len(self.blocks) and self.blocks[at + 1].language == "text" else None
        expected = after.text if after else ""
        if block.value("file"):
            self.write(block.value("file"), block.text)
            return None
        if block.value("adapter"):
            return self.check(block.value("adapter"), block.text)
        if block.has("inside"):
            return self.check("inside%d" % block.line, INSIDE % ("inside%d" % block.line, block.text))
        if block.has("run"):
            return self.run(block, expected)
        if block.has("terminal"):
            return self.terminal(block, expected)
        if block.has("start"):
            return self.start(block, expected)
        return ""


def report(name, wrong):
    if wrong:
        print("\n".join("    " + line for line in wrong.splitlines()))
    print("%s - %s" % ("not ok" if wrong else "ok", name), flush=True)


def try_page(path, commands):
    page = Page(path)
    try:
        for at, block in enumerate(page.blocks):
            needs = block.value("needs")
            if needs and needs not in commands:
                print("skip - %s: the program has no `%s` yet" % (block.name().replace(": ", " "), needs), flush=True)
                continue
            try:
                wrong = page.do(at)
            except subprocess.TimeoutExpired as late:
                wrong = "not done within %d s\n%s" % (LIMIT, late.output)
            if wrong != "":
                report(block.name(), wrong)
    finally:
        page.close()


def check_links():
    wrong = []
    pages = ["README.md", "CONTRIBUTING.md", "rockspec/README.md", "tests/harness/README.md"] + sorted(glob.glob("docs/**/*.md", recursive=True, root_dir=ROOT))
    for page in pages:
        with open(os.path.join(ROOT, page), encoding="utf-8") as file:
            text = re.sub(r"```.*?\n```", "", file.read(), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
            path = target.split("#")[0]
            if "://" not in target and path and not os.path.exists(os.path.join(ROOT, os.path.dirname(page), path)):
                wrong.append("%s: %s is not there" % (page, target))
    report("links between the pages lead somewhere", "\n".join(wrong))


def check_made(page, command):
    made = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        same = file.read() == made.stdout
    report("%s is what the code says" % page, None if same else "`make docs` makes another page")


def check_settings(page, program):
    """The page's settings are those that the program prints."""
    printed = subprocess.run([program, "serve", "--print-config"], stdout=subprocess.PIPE, encoding="utf-8").stdout
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        shown = re.search(r"^```lua settings\n(.*?)^```", file.read(), re.S | re.M)
    report("%s has the settings that there are" % page, None if shown and shown.group(1) == printed else "put in what serve --print-config prints")


def main():
    program = os.path.join(BUILD, "meterkey")
    commands = subprocess.run([program, "--help"], stdout=subprocess.PIPE, encoding="utf-8").stdout
    commands = re.findall(r"^  ([a-z]+) {2,}", commands, re.M)
    for path in PAGES:
        try_page(path, commands)
    check_links()
    check_settings("docs/operators.md", program)
    check_made("docs/reference/errors.md", ["lua5.4", "tools/errors.lua"])
    check_made("docs/reference/sandbox.md", [program, "sandbox", "--list", "--markdown"])
    check_made("docs/reference/commands.md", [program, "help", "--markdown"])
    check_made("docs/reference/lua.md", ["/usr/bin/python3", "tools/luadoc.py"])


main()
