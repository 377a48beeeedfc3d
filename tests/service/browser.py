"""A browser without a script for the service's pages: cookies, forms as they stand, links; and the service itself."""
import html.parser
import http.client
import os
import re
import signal
import subprocess
import urllib.parse

from server import LIMITS, SLOWER, lua

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey"))


class Failed(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Failed(why)


class Service:
    """`meterkey serve` on a store in folder and a free port; its log is a file there."""

    def __init__(self, folder, config=None):
        self.folder, self.store = folder, os.path.join(folder, "meterkey.db")
        self.log_path = os.path.join(folder, "log")
        self.config = os.path.join(folder, "config.lua")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("return { mail_folder = %s, workers = 1, trust_proxy = true, limits = %s%s }\n" % (
                quoted(os.path.join(folder, "mail")), lua(LIMITS), config or ""))
        os.makedirs(os.path.join(folder, "scripts", "utilities"), exist_ok=True)
        self.start()

    def start(self):
        scripts = os.path.join(self.folder, "scripts")
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", self.config, "--store", "sqlite:" + self.store, "--listen", "127.0.0.1:0",
                "--runtime",
             os.path.join(ROOT, "runtime"), "--scripts", scripts], stdout=subprocess.PIPE, stderr=self.log_file,
             text=True)
        line = self.process.stdout.readline()
        check(line.startswith("Meterkey is at http://"), "the service did not start: %r\n%s" % (line, self.log()))
        self.url = line.split()[-1]

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30 * SLOWER)
        self.process.stdout.close()
        self.log_file.close()


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


class Reader(html.parser.HTMLParser):
    """Forms, links, ids and the visible text of a page, and what no page may have."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.forms, self.links, self.words, self.ids, self.labels, self.inline = [], [], [], [], set(), []
        self.title, self.form, self.select, self.area, self.inside, self.controls = "", None, None, None, [], []
        self.feed(text)

    def handle_starttag(self, tag, pairs):
        at = {name: value or "" for name, value in pairs}
        self.inline += ["%s %s" % (tag, n) for n in at if n == "style" or n.startswith("on")]
        if tag == "style" or tag == "script" and not at.get("src"):
            self.inline.append(tag)
        if "id" in at:
            self.ids.append(at["id"])
        if tag == "label" and "for" in at:
            self.labels.add(at["for"])
        if tag in ("style", "script", "title"):
            self.inside.append(tag)
        if tag == "a" and "href" in at:
            self.links.append(at["href"])
        if tag == "form":
            self.form = {"action": at.get("action", ""), "method": at.get("method", "get").lower(), "fields": {},
                "boxes": {}}
            self.forms.append(self.form)
        if tag in ("input", "select", "textarea") and at.get("type") != "hidden":
            self.controls.append((at.get("id"), at.get("name"), at.get("aria-label"), at.get("type", tag)))
        if self.form is not None and "name" in at:
            self.control(tag, at)
        if tag == "option" and self.select and ("selected" in at or self.select[1] not in self.select[0]["fields"]):
            self.select[0]["fields"][self.select[1]] = at.get("value", "")

    def control(self, tag, at):
        if tag == "input" and at.get("type") in ("checkbox", "radio"):
            self.form["boxes"][at["name"]] = at.get("value", "on")
            if "checked" in at:
                self.form["fields"][at["name"]] = at.get("value", "on")
        elif tag == "input":
            self.form["fields"][at["name"]] = at.get("value", "")
        elif tag == "select":
            self.select = (self.form, at["name"])
        elif tag == "textarea":
            self.area = (self.form, at["name"], [])

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = None
        if tag == "textarea" and self.area:
            text = "".join(self.area[2])
            self.area[0]["fields"][self.area[1]] = text[1:] if text.startswith("\n") else text
            self.area = None

    def handle_data(self, data):
        if self.area:
            self.area[2].append(data)
        elif self.inside and self.inside[-1] == "title":
            self.title += data
        elif not self.inside:
            self.words.append(data)


class Page:
    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body
        self.text = body
        if headers.get("content-type", "").startswith("text/html"):
            read = Reader(body)
            self.forms, self.links, self.ids, self.labels = read.forms, read.links, read.ids, read.labels
            self.inline, self.title, self.controls = read.inline, read.title, read.controls
            self.text = re.sub(r"\s+", " ", "".join(read.words))

    def form(self, action):
        """The form whose action ends so (or is matched by a pattern that begins with ^)."""
        for form in self.forms:
            if re.search(action, form["action"]) if action.startswith("^") else form["action"].endswith(action):
                return form
        raise Failed("%s has no form to %s: %s\n%s" % (self.url, action, [f["action"] for f in self.forms],
            self.text[:600]))

    def has(self, *words):
        for word in words:
            check(word in self.text, "%s (%d) lacks %r:\n%s" % (self.url, self.status, word, self.text[:1500]))
        return self

    def lacks(self, *words):
        for word in words:
            check(word not in self.text, "%s has %r" % (self.url, word))
        return self

    def is_(self, status):
        check(self.status == status, "%s is %d, expected %d:\n%s" % (self.url, self.status, status, self.text[:1500]))
        return self


class Browser:
    """One visitor: cookies are kept, redirects followed."""

    def __init__(self, url):
        self.base, self.cookies, self.peer, self.sent = url, {}, None, 0
        self.host = urllib.parse.urlsplit(url).netloc

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, timeout=60 * SLOWER)
        sent = dict(headers or {})
        self.sent += 1
        # A proxy's word: this visitor's own address, another one from time to time, so that no limit of one address is
        # met by chance.
        sent["X-Forwarded-For"] = self.peer or "10.%d.%d.%d" % (id(self) % 251, id(self) // 251 % 251,
            self.sent // 100 + 1)
        if self.cookies:
            sent["Cookie"] = "; ".join("%s=%s" % pair for pair in self.cookies.items())
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        connection.close()
        return Page(path, answer.status, {k.lower(): v for k, v in answer.headers.items()}, text)

    def follow(self, page):
        for _ in range(10):
            if page.status not in (301, 302, 303):
                return page
            page = self.send("GET", page.headers["location"])
        raise Failed("no end of redirects")

    def get(self, path):
        return self.follow(self.send("GET", path))

    def post(self, path, fields):
        return self.follow(self.send("POST", path, urllib.parse.urlencode(fields),
            {"Content-Type": "application/x-www-form-urlencoded"}))

    def submit(self, page, action, **values):
        """Sends a form of the page as it stands but for values; None takes a field away."""
        form = page.form(action)
        fields = dict(form["fields"])
        for name, value in values.items():
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        if form["method"] == "get":
            return self.get(form["action"] + "?" + urllib.parse.urlencode(fields))
        return self.post(form["action"], fields)


def signed_in(url, email="whole@team.test"):
    """A browser on the dashboard, and the page that came first; the password is that of the tests' owners."""
    one = Browser(url)
    return one, one.submit(one.get("/dashboard/sign-in"), "/sign-in", email=email, password="correct horse battery").is_(200)
