"""The Debian package, made in a build folder of its own: the tests beside those of the package keep theirs as it is."""
import os
import shutil
import subprocess

from server import ROOT

BUILD = os.environ.get("BUILD", "build")  # as make is called: another spelling would build all anew
OWN = BUILD + "/package"
# What was compiled is taken over where it is newer, and where the headers that it needs are listed the folder is named anew.
TAKE_OVER = """set -e
mkdir -p $OWN/obj
cp -au $BUILD/config.mk $BUILD/flags $BUILD/embedded $BUILD/version $BUILD/gen $OWN
cp -au $BUILD/obj/core $BUILD/obj/gen $OWN/obj
find $OWN/obj -name '*.d' -exec sed -i "s,^$BUILD/obj/,$OWN/obj/," {} +
"""


def run(*words):
    """-> the last line of what was said. A make that runs the tests would hand its own options on."""
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(words, cwd=ROOT, env=dict(alone, BUILD=BUILD, OWN=OWN), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=170,
                          check=False)
    assert done.returncode == 0, "%s\n%s" % (words, done.stdout)
    return done.stdout.rstrip().rpartition("\n")[2]


def made(folder):
    """The package as `make deb` makes it -> its copy in the folder. Two tests make it, one after the other."""
    os.makedirs(os.path.join(ROOT, OWN), exist_ok=True)
    own = run("flock", OWN, "sh", "-c", TAKE_OVER + "exec make deb BUILD=$OWN")
    return shutil.copy(os.path.join(ROOT, own), folder)


def later(folder, step=None):
    """A later version beside it: of the same program, or with one more step of the schema."""
    if not step:
        return run("sh", "tools/deb.sh", OWN + "/deb/meterkey", "99.0", folder)
    number = len(os.listdir(os.path.join(ROOT, "runtime", "store"))) + 1
    return run("make", "deb-later", "BUILD=" + OWN, "NUMBER=%d" % number, "STEP=" + step, "OUT=" + folder)
