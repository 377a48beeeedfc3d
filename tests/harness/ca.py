"""A certificate authority for the test portals, made with openssl into a folder.

pair(folder) gives (authority file, certificate file, key file), making them
the first time. The certificate is good for the made-up names below.
"""
import fcntl
import os
import subprocess

NAMES = ["example.test", "*.example.test", "*.api.example.test", "elsewhere.test", "*.elsewhere.test",
         "example.co.uk", "*.example.co.uk", "localhost"]


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def new_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def make(folder, names=NAMES, days="30"):
    """Makes the authority and one certificate below folder."""
    path = lambda name: os.path.join(folder, name)
    new_key(path("ca.key"))
    openssl("req", "-x509", "-new", "-key", path("ca.key"), "-days", days, "-out", path("ca.pem"),
            "-subj", "/CN=Meterkey test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    new_key(path("portal.key"))
    openssl("req", "-new", "-key", path("portal.key"), "-out", path("portal.csr"), "-subj", "/CN=" + names[0])
    with open(path("portal.ext"), "w") as file:
        file.write("subjectAltName=%s,IP:127.0.0.1\n" % ",".join("DNS:" + name for name in names))
    openssl("x509", "-req", "-in", path("portal.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
            "-CAcreateserial", "-days", days, "-extfile", path("portal.ext"), "-out", path("portal.pem"))


def pair(folder):
    os.makedirs(folder, exist_ok=True)
    files = tuple(os.path.join(folder, name) for name in ("ca.pem", "portal.pem", "portal.key"))
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh = os.path.exists(files[1]) and subprocess.run(
            ["openssl", "x509", "-checkend", "86400", "-noout", "-in", files[1]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        if not fresh:
            make(folder)
    return files
