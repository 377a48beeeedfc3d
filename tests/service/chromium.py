"""A real Chromium for tests of pages, driven over its own pipe: no library, no port."""
import base64
import fcntl
import json
import os
import shutil
import subprocess

PROGRAM = shutil.which("chromium")


class Chromium:
    """One page. `problems`: what the console and the policy complained about; `requests`: all URLs that were asked for."""

    def __init__(self, folder):
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def place():
            """It reads from 3 and writes to 4, whatever stood there."""
            ends = os.dup(to_read), os.dup(to_write)
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in ends]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
             "--user-data-dir=" + os.path.join(folder, "chromium"), "about:blank"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.session, self.loads = b"", 0, None, 0
        self.problems, self.requests = [], []
        target = next(t for t in self.send("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(domain + ".enable")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.to)
        os.close(self.back)

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.back, 1 << 16)
            if not part:
                raise EOFError("Chromium has ended")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def take(self, event):
        name, what = event["method"], event["params"]
        if name == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.problems.append("%s %s" % (what["entry"]["text"], what["entry"].get("url", "")))
        elif name == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(what["exceptionDetails"])[:300])
        elif name == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])
        elif name == "Page.loadEventFired":
            self.loads += 1

    def send(self, method, **params):
        self.number += 1
        asked = {"id": self.number, "method": method, "params": params}
        if self.session:
            asked["sessionId"] = self.session
        os.write(self.to, json.dumps(asked).encode() + b"\0")
        while True:
            told = self.message()
            if told.get("id") == self.number:
                return told.get("result", {"error": told.get("error")})
            if "method" in told:
                self.take(told)

    def js(self, text):
        """Value of an expression, awaited."""
        return self.send("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True).get("result", {}).get("value")

    def loaded(self, act):
        """Does act and waits for a page to be loaded since."""
        before = self.loads
        act()
        self.next_load(before)

    def next_load(self, before):
        while self.loads == before:
            told = self.message()
            if "method" in told:
                self.take(told)

    def go(self, url):
        self.loaded(lambda: self.send("Page.navigate", url=url))

    def until(self, holds):
        """Goes on from load to load until the page has what is wanted."""
        while True:
            before = self.loads
            if self.js(holds):
                return
            self.next_load(before)

    def size(self, width, height=900):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, **features):
        self.send("Emulation.setEmulatedMedia", features=[{"name": k.replace("_", "-"), "value": v} for k, v in features.items()])

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]))
