#!/usr/bin/python3
"""The whole service to try, on this machine: the sandbox portal and `meterkey serve` on one store under build/demo/.

Makes a team, an owner, a token and a first data request, prints where everything is, and ends both on Ctrl-C. What is in the
folder is used again at the next start. DEMO_DIR, DEMO_LISTEN (127.0.0.1:8080), DEMO_PORTAL (127.0.0.1:18102, what the
adapter names; another is put in its place) and DEMO_SCRIPTS (scripts) choose others."""
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

NAMED = "127.0.0.1:18102"  # in the adapter
PORTAL = os.environ.get("DEMO_PORTAL", NAMED)
LISTEN = os.environ.get("DEMO_LISTEN", "127.0.0.1:8080")
BUILD = os.environ.get("BUILD", "build")
FOLDER = os.path.abspath(os.environ.get("DEMO_DIR", os.path.join(BUILD, "demo")))
SCRIPTS = os.path.abspath(os.environ.get("DEMO_SCRIPTS", "scripts"))
PROGRAM = os.path.abspath(os.path.join(BUILD, "meterkey"))
TEAM, OWNER, CUSTOMER = "Helio Solar", "demo@helio.test", "mfa_sms"


class Stopped(Exception):
    pass


def on_signal(number, frame):
    raise Stopped


def path(name):
    return os.path.join(FOLDER, name)


def start(words, marker):
    """A child whose first line says where it is; its further words go to a log. -> (child, address)"""
    with open(path(words[0] + ".log"), "ab") as log:
        child = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                                 start_new_session=True)  # Ctrl-C reaches this script alone, which ends them in order
    line = child.stdout.readline()
    if marker not in line:
        child.wait()
        with open(path(words[0] + ".log"), encoding="utf-8", errors="replace") as log:
            sys.exit("serve-demo: `meterkey %s` did not start:\n%s%s" % (words[0], line, "".join(log.readlines()[-3:])))
    return child, line.split(marker)[1].split()[0]


def end(child):
    child.terminate()
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def meterkey(*words, text=""):
    done = subprocess.run([PROGRAM, *words, "--config", path("config.lua")], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit("serve-demo: meterkey %s: %s" % (" ".join(words[:2]), done.stderr.strip()))
    return done.stdout.strip()


def write_settings():
    values = {"listen": LISTEN, "store": "sqlite:" + path("store.db"), "mail_folder": path("mail"), "scripts": SCRIPTS}
    lists = {"allow_origins": ["http://" + NAMED], "connect_to": [] if PORTAL == NAMED else ["%s:%s" % (NAMED, PORTAL)]}
    lines = ["  %s = %s," % (name, json.dumps(value)) for name, value in values.items()]
    lines += ["  %s = { %s }," % (name, ", ".join(map(json.dumps, value))) for name, value in lists.items()]
    with open(path("config.lua"), "w", encoding="utf-8") as file:
        file.write("-- Made by tools/serve_demo.py at each start.\nreturn {\n%s\n}\n" % "\n".join(lines))


def read_state():
    """The password and the token, made at the first start."""
    if os.path.exists(path("demo.json")):
        with open(path("demo.json"), encoding="utf-8") as file:
            return json.load(file)
    password = "sunny-%s" % secrets.token_hex(5)
    meterkey("user", "add", OWNER, "--team", TEAM, text=password + "\n")
    state = {"password": password, "token": meterkey("token", "create", "demo", "--team", TEAM)}
    save(state)
    return state


def save(state):
    with open(os.open(path("demo.json"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(state, file)


def ask(url, token, body=None):
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(),
                                     {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def first_link(url, state):
    """The first data request's; made once the adapter is live, which takes a moment at the first start."""
    for _ in range(100):
        live = [one["id"] for one in ask(url + "/api/v2/utilities", state["token"])["utilities"]]
        if any(one.lower() == "demo" for one in live):
            break
        time.sleep(0.2)
    if "form" not in state:
        state["form"] = ask(url + "/api/v2/forms", state["token"], {"utility": "DEMO", "customer_email": "pat@customer.test"})["uid"]
        save(state)
    return ask("%s/api/v2/forms/%s" % (url, state["form"]), state["token"])["url"]


def show(url, portal, state, link):
    rows = [("Dashboard", url + "/dashboard"), ("  sign in as", OWNER), ("  password", state["password"]),
            ("Customer's link", link), ("  user name", CUSTOMER), ("  password", "anything but \"wrong\""),
            ("Customer's phone", "%s/phone?user=%s" % (portal, CUSTOMER)),
            ("API", "curl -s -H 'Authorization: Bearer %s' %s/api/v2/meters" % (state["token"], url)),
            ("  description", url + "/openapi.json"),
            ("Mails", path("mail")), ("Log", path("serve.log"))]
    print("\n" + "\n".join("%-18s %s" % row for row in rows))
    print("\nOpen the customer's link, sign in, read the code on the phone's page, and look at the dashboard.\n"
          "Other user names do other things: %s sandbox --list\nAn adapter that is edited in %s is live at once. Ctrl-C ends it all."
          % (os.path.relpath(PROGRAM), os.path.relpath(SCRIPTS)), flush=True)


def main():
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    children = []
    try:
        write_settings()
        state = read_state()
        sandbox, portal = start(["sandbox", "--listen", PORTAL], "DEMO is at ")
        children.append(sandbox)
        service, url = start(["serve", "--config", path("config.lua")], "Meterkey is at ")
        children.append(service)
        show(url, portal, state, first_link(url, state))
        while True:
            pid = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT).si_pid
            sys.exit("serve-demo: %s ended; its log is in %s" % ("the service" if pid == service.pid else "the sandbox", FOLDER))
    except Stopped:
        print("\nStopped. It goes on where it was with the next `make serve-demo`.", flush=True)
    finally:
        for child in reversed(children):
            end(child)


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as problem:
        sys.exit("serve-demo: %s: %s" % (problem.url, problem.read().decode(errors="replace")[:300]))
