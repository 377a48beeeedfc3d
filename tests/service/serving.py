"""`meterkey serve` for tests: a process with a store, a log and an overlay of its own, and what it streams."""
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import SLOWER, report

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PROGRAM = os.path.join(BUILD, "meterkey")
LIMIT = 25 * SLOWER

# Handlers that keep what they were told and stream it: what a test of the service's C needs in place of the real ones.
RECORDER = """-- a recorder: every call of a handler is a row, and a message to whoever listens
local handlers = {}

local function keep(handler, message)
  if message.bytes then message.bytes = #message.bytes.b64 end -- a stream takes little at once
  if message.manifest then message.manifest = { id = message.manifest.id, name = message.manifest.name } end
  local text = host.encode({ handler = handler, message = message })
  host.query("INSERT INTO said (text) VALUES (?1)", text)
  host.after({ ["do"] = "notify", topic = "said", data = { handler = handler, message = message } })
end

function handlers.start()
  host.query("CREATE TABLE IF NOT EXISTS said (n INTEGER PRIMARY KEY, text TEXT NOT NULL)")
  return {}
end
local ticks = 0
function handlers.tick()
  ticks = ticks + 1
  host.after { ["do"] = "notify", topic = "said", data = { handler = "tick", message = { n = ticks } } }
  return {}
end
function handlers.worker() return {} end
function handlers.lost() return {} end
function handlers.staged(message) keep("staged", message) return {} end
function handlers.delivered(message) keep("delivered", message) return {} end
function handlers.request(request)
  if request.path == "/ticks" then
    return { status = 200, type = "application/json", body = host.encode(ticks) }
  elseif request.path == "/store" then
    return { status = 200, type = "application/json", body = host.encode(host.store()) }
  elseif request.path == "/said" then
    local before = {}
    for _, row in ipairs(host.query("SELECT text FROM said ORDER BY n")) do before[#before + 1] = "data: " .. row.text .. "\\n\\n" end
    return { stream = "said", body = table.concat(before) }
  elseif request.path == "/do" then
    for _, action in ipairs(request.json.value) do host.after(action) end
    return { status = 200, type = "text/plain", body = "done" }
  elseif request.path == "/sql" then
    return { status = 200, type = "application/json", body = host.encode(host.query(table.unpack(request.json.value))) }
  elseif request.path == "/seal" then
    return { status = 200, type = "application/json", body = host.encode(host.seal("test", request.json.value)) }
  elseif request.path == "/unseal" then
    return { status = 200, type = "application/json", body = host.encode(host.unseal("test", request.json.value)) }
  end
  return { status = 404, type = "text/plain", body = "none" }
end

return handlers
"""


class Serving:
    """One service on a free port; `said` reads what its handlers were told, in order."""

    def __init__(self, folder=None, config="", scripts=None, env=None, args=(), recorder=RECORDER):
        self.temporary = None if folder else tempfile.TemporaryDirectory()
        self.folder = folder or self.temporary.name
        self.runtime = os.path.join(self.folder, "runtime")
        self.scripts = scripts or os.path.join(self.folder, "scripts")
        self.store = os.path.join(self.folder, "store.db")
        self.log = os.path.join(self.folder, "log")
        for path in (os.path.join(self.runtime, "service"), os.path.join(self.scripts, "utilities")):
            os.makedirs(path, exist_ok=True)
        self.write("runtime/service/main.lua", recorder)
        self.write("config.lua", "return { log_level = \"debug\", workers = 1, %s }\n" % config)
        self.environment, self.args = dict(os.environ, **(env or {})), args
        self.process, self.listeners = None, []
        self.start()

    def write(self, path, text):
        with open(os.path.join(self.folder, path), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        log = open(self.log, "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", os.path.join(self.folder, "config.lua"), "--store", "sqlite:" + self.store, "--listen",
             "127.0.0.1:0", "--scripts", self.scripts, "--runtime", self.runtime, *self.args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment, cwd=self.folder)
        log.close()
        line = self.process.stdout.readline()
        if not line.startswith("Meterkey is at "):
            self.process.wait(LIMIT)
            raise RuntimeError("it did not start: " + self.words())
        self.url = line.strip().split(" ")[-1]
        self.messages = queue.Queue()
        listener = threading.Thread(target=self.listen, args=(self.url, self.messages), daemon=True)
        listener.start()

    @staticmethod
    def listen(url, messages):
        try:
            with urllib.request.urlopen(url + "/said", timeout=600) as stream:
                for line in stream:
                    if line.startswith(b"data: "):
                        messages.put(json.loads(line[6:]))
        except OSError:
            pass
        messages.put(None)

    def words(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def said(self, handler="staged", seconds=LIMIT, **fields):
        """The next message of a handler whose fields are so; others before it are dropped."""
        limit = time.monotonic() + seconds
        while True:
            try:
                told = self.messages.get(timeout=max(0, limit - time.monotonic()))
            except queue.Empty:
                raise AssertionError("nothing was said of %s %r; log:\n%s" % (handler, fields, self.words()[-2000:])) from None
            if told is None:
                raise AssertionError("the service has ended; log:\n" + self.words()[-2000:])
            if told["handler"] == handler and all(told["message"].get(k) == v for k, v in fields.items()):
                return told["message"]

    def ask(self, path, value=None):
        data = None if value is None else json.dumps({"value": value}).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"} if data else {})
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            text = answer.read().decode()
            return json.loads(text) if answer.headers.get_content_type() == "application/json" else text

    def act(self, *actions):
        self.ask("/do", list(actions))

    def stop(self, kill=False):
        if self.process and self.process.poll() is None:
            if kill:
                self.process.kill()
            else:
                self.process.terminate()
            self.process.wait(LIMIT)
        status = self.process.returncode
        self.process.stdout.close()
        found = report(self.words()) if os.path.exists(self.log) else None
        check(not found, found)
        return status

    def close(self):
        status = self.stop()
        if self.temporary:
            self.temporary.cleanup()
        return status


def check(holds, why):
    if not holds:
        raise AssertionError(why)


def same(got, want, what="value"):
    check(got == want, "%s is %r, expected %r" % (what, got, want))


def run(tests):
    """Each prints its line; gives the exit status."""
    import traceback
    failed = False
    only = sys.argv[1:]
    for name, test in tests:
        if only and not any(part in name for part in only):
            continue
        try:
            test()
            print("ok - " + name, flush=True)
        except Exception:
            failed = True
            print(traceback.format_exc() + "not ok - " + name, flush=True)
    return 1 if failed else 0
