#!/usr/bin/python3
"""The Debian package: what is in it, and its life (installed, upgraded, removed, purged) by dpkg.

As root the system's own files are the lower layer of an overlay in a mount namespace of its own, in which dpkg runs; a made-up
`systemctl` writes down what it is asked and ends the service where it should be restarted. This test is the manager: it holds
the port and starts the service as the unit says. A running systemd and the unit's own confinement are in test_systemd.py; here
the unit's words are checked by systemd-analyze."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import deb
from server import ROOT
from test_restart import ASKED, Client, Manager

AS_SERVICE = "setpriv --reuid=meterkey --regid=meterkey --clear-groups "
ADAPTERS = "/var/lib/meterkey/adapters"  # none: building the shipped ones takes a while
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/systemctl.log
case $* in
*is-enabled*) echo enabled ;;
*restart*meterkey.service* | stop*meterkey*) kill -TERM "$(cat /meterkey.pid)" ;;
esac
exit 0
"""


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def shell(text, **more):
    done = subprocess.run(["sh", "-c", text], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=170, check=False, **more)
    check(done.returncode == 0, "%s\n%s" % (text, done.stdout))
    return done.stdout


def contents(package):
    """Files, modes, owners, conffiles, dependencies, sums; the units are sound."""
    listing = {line.split()[5]: line.split()[:2] for line in shell("dpkg-deb -c %s" % package).splitlines()}
    for name, mode in {"./usr/bin/meterkey": "-rwxr-xr-x", "./etc/meterkey/config.lua": "-rw-r--r--", "./lib/systemd/system/meterkey.service": "-rw-r--r--",
                       "./lib/systemd/system/meterkey.socket": "-rw-r--r--", "./usr/share/man/man1/meterkey.1.gz": "-rw-r--r--",
                       "./usr/share/meterkey/scripts/utilities/coned.lua": "-rw-r--r--"}.items():
        check(listing.get(name) == [mode, "root/root"], (name, listing.get(name)))
    for name, (mode, owner) in listing.items():
        check(owner == "root/root" and mode[5] == "-" and mode[8] == "-", (name, mode, owner))
        check(name.startswith(("./usr/", "./etc/", "./lib/systemd/")) or name.count("/") < 3, name)
    depends = shell("dpkg-deb -f %s Depends" % package)
    for library in ("libcurl4", "libmicrohttpd12", "libsqlite3-0", "ca-certificates", "adduser"):
        check(library in depends, (library, depends))
    with tempfile.TemporaryDirectory() as out:
        shell("dpkg-deb -R %s %s && cd %s && md5sum --quiet -c DEBIAN/md5sums" % (package, out, out))
        with open(out + "/DEBIAN/conffiles", encoding="utf-8") as file:
            check(file.read() == "/etc/meterkey/config.lua\n", "conffiles")
        for script in ("postinst", "prerm", "postrm"):
            check(os.stat("%s/DEBIAN/%s" % (out, script)).st_mode & 0o777 == 0o755, script)
        if shutil.which("systemd-analyze"):  # it looks for the programs that units name
            units = out + "/lib/systemd/system"
            shell("sed -i 's,ExecStart=/usr/bin/meterkey,ExecStart=%s/usr/bin/meterkey,' %s/meterkey.service" % (out, units))
            said = shell("SYSTEMD_UNIT_PATH=%s: systemd-analyze verify --man=no %s/meterkey.service %s/meterkey.socket 2>&1 || true" % (units, units, units))
            check("meterkey" not in said, said)


def judged(package):
    """Debian's lintian finds no error in it and nothing to warn of."""
    said = shell("lintian --allow-root --fail-on error,warning --tag-display-limit 0 %s" % package)
    check("E: " not in said and "W: " not in said, said)


class System(Manager):
    """A root folder of its own in an overlay, entered through a namespace that a sleeping process keeps."""

    def __init__(self, folder):
        super().__init__(folder)
        self.root, self.watched, self.ending = os.path.join(folder, "root"), None, False
        script = ('mount -t tmpfs none "$0" && mkdir "$0/u" "$0/w" "$0/r" && mount -t overlay overlay -o lowerdir=/,upperdir="$0/u",workdir="$0/w" "$0/r" '
                  '&& mount -t proc proc "$0/r/proc" && mount --bind /dev "$0/r/dev" && echo ready && exec sleep 900')
        os.mkdir(self.root)
        self.keeper = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", script, self.root], stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
        self.mounted = self.keeper.stdout.readline() == "ready\n"

    def words(self, *words):
        return ["nsenter", "-t", str(self.keeper.pid), "-m", "chroot", os.path.join(self.root, "r"), *words]

    def run(self, text):
        done = subprocess.run(self.words("sh", "-c", text), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=120, check=False,
                              env={"PATH": os.environ["PATH"], "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
        check(done.returncode == 0, "%s\n%s" % (text, done.stdout))
        return done.stdout

    def put(self, package):
        """Into its /tmp, which the namespace alone sees."""
        with open(package, "rb") as file:
            subprocess.run(self.words("sh", "-c", "cat >/tmp/p.deb"), stdin=file, check=True)

    def prepare(self):
        self.run("mkdir -p /run/systemd/system /root && cat >/usr/bin/systemctl <<'END'\n%sEND\nchmod 755 /usr/bin/systemctl; "
                 "rm -f /usr/sbin/policy-rc.d /var/lib/man-db/auto-update" % SYSTEMCTL)

    def asked(self):
        return self.run("cat /systemctl.log; : >/systemctl.log").splitlines()

    def serve(self):
        """Starts what the unit says, as its user, and again when it ends."""
        unit = self.run("cat /lib/systemd/system/meterkey.service")
        command = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1)
        user = re.search(r"^User=(.*)$", unit, re.M).group(1)
        folder = re.search(r"^WorkingDirectory=(.*)$", unit, re.M).group(1)
        handle = self.socket.fileno()
        text = ("exec 3<&%d; cd %s; echo $$ >/meterkey.pid; export LISTEN_PID=$$ LISTEN_FDS=1; exec setpriv --reuid=%s --regid=%s --clear-groups "
                "--no-new-privs %s" % (handle, folder, user, user, command))

        def keep():
            while not self.ending:
                with open(os.path.join(self.folder, "log"), "ab") as log:
                    self.process = subprocess.Popen(self.words("sh", "-c", text), pass_fds=[handle], stdout=log, stderr=log)
                self.process.wait()
        self.ending = False
        self.watched = threading.Thread(target=keep, daemon=True)
        self.watched.start()

    def ready(self):
        deadline = time.monotonic() + 60
        while True:
            thread = Client(self.port, "/readyz", 0.1)
            thread.start()
            thread.next(1)
            thread.over = True
            thread.join()
            if not thread.failures:
                return
            check(time.monotonic() < deadline, (thread.failures[:1], self.log()))
            time.sleep(0.2)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def end(self):
        self.ending = True
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        self.keeper.kill()
        self.keeper.wait()


def installed(system, package):
    """Installed: a user, a folder and a key of its own, and it starts, workers sealed off."""
    system.put(package)
    system.run("dpkg -i --force-depends /tmp/p.deb")
    asked = system.asked()
    check([line for line in asked if " start " in line] == ["--quiet --system start meterkey.socket", "--quiet --system start meterkey.service"], asked)
    check(system.run("stat -c '%U %G %a' /var/lib/meterkey /var/lib/meterkey/master.key").split() == ["meterkey", "meterkey", "700", "meterkey",
          "meterkey", "600"], "owner and mode")
    check(re.fullmatch(r"[0-9a-f]{64}\n", system.run("cat /var/lib/meterkey/master.key")), "the key")
    system.run("install -d -o meterkey %s/utilities && sed -i 's,^return {,return { workers = 1\\, scripts = \"%s\"\\,,' /etc/meterkey/config.lua"
               % (ADAPTERS, ADAPTERS))
    system.serve()
    system.ready()
    settings = "--config /etc/meterkey/config.lua"
    system.run("echo 'correct horse battery' | %smeterkey user add ops@helio.test %s" % (AS_SERVICE, settings))
    said = system.run(AS_SERVICE + "meterkey doctor %s --json" % settings)
    check('"fail"' not in said and "it opens the store" in said, said)


def upgraded(system, package):
    """Upgraded: data, key and changed settings are kept, and every request meanwhile is answered."""
    key = system.run("cat /var/lib/meterkey/master.key; echo '-- ours' >>/etc/meterkey/config.lua")
    clients = [Client(system.port, ASKED, 0.1) for _ in range(3)]
    for client in clients:
        client.start()
        client.next(1)
    pid = system.run("cat /meterkey.pid")
    system.put(package)
    system.run("dpkg -i --force-depends --force-confold /tmp/p.deb")
    check("try-restart meterkey.service" in system.asked(), "it was not restarted")
    for client in clients:
        client.next(3)
        client.over = True
        client.join()
        check(not client.failures, (client.failures[:3], system.log()))
    system.ready()
    check(system.run("cat /meterkey.pid") != pid, "the same process")
    check(system.run("cat /var/lib/meterkey/master.key; tail -1 /etc/meterkey/config.lua") == key + "-- ours\n", "key and settings")
    check("ops@helio.test" in system.run(AS_SERVICE + "meterkey user list --config /etc/meterkey/config.lua"), "the user")


def removed(system, package):
    """Removed, the data stays; purged, it goes, and the user."""
    system.ending = True
    system.run("dpkg -r meterkey")
    check("stop meterkey.socket meterkey.service" in system.asked(), "it was not stopped")
    check(system.process.wait(20) in (0, -15), system.process.returncode)
    system.run("test ! -e /usr/bin/meterkey && test -s /var/lib/meterkey/meterkey.db && test -e /etc/meterkey/config.lua")
    system.run("dpkg -P meterkey && test ! -e /var/lib/meterkey && test ! -e /etc/meterkey && ! getent passwd meterkey")


def attempt(name, what, *values):
    try:
        what(*values)
        print("ok - %s" % name.rstrip("."), flush=True)
        return 0
    except (AssertionError, OSError, subprocess.SubprocessError) as problem:
        print("not ok - %s\n%s" % (name, problem), flush=True)
        return 1


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        first, later = deb.made(folder), deb.later(folder)
        failed += attempt(contents.__doc__, contents, first)
        failed += attempt(judged.__doc__, judged, first)
        if os.getuid():
            print("skip - the package's life: needs root for an overlay")
            return failed
        system = System(folder)
        try:
            if not system.mounted:
                print("skip - the package's life: no overlay can be mounted here")
                return failed
            system.prepare()
            for step, package in ((installed, first), (upgraded, later), (removed, None)):
                failed += attempt(step.__doc__, step, system, package)
        finally:
            system.end()
    return failed


if __name__ == "__main__":
    sys.exit(main())
