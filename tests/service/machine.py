"""A machine for tests: systemd as process 1 of namespaces of its own, over the files of this system, which it cannot change.

As root: an overlay over / in a mount namespace, a process, network and cgroup namespace; a program is then run in it. Nothing outside
is touched, all of it ends with the process that holds it. `why_not` says what a system lacks."""
import os
import shutil
import subprocess
import tempfile
import time

# $0: folder. Only the journal is wanted of the system's units; what else a test wants it starts.
BEGIN = r"""set -e
echo 0 >"$1/cgroup.procs"
exec unshare --kill-child --mount --propagation private --pid --fork --cgroup --uts --ipc --net sh -c '
set -e
r=$0/r
mount -t tmpfs none "$0" && mkdir "$0/u" "$0/w" "$r"
mount -t overlay overlay -o lowerdir=/,upperdir="$0/u",workdir="$0/w" "$r"
mount -t proc proc "$r/proc" && mount -t sysfs sysfs "$r/sys" && mount -t tmpfs none "$r/run"
mount -t tmpfs none "$r/dev" -o mode=755
for one in null zero full random urandom tty; do : >"$r/dev/$one"; mount --bind "/dev/$one" "$r/dev/$one"; done
mkdir "$r/dev/shm" "$r/dev/pts" && mount -t tmpfs none "$r/dev/shm"
ln -s pts/ptmx "$r/dev/ptmx" && ln -s /proc/self/fd "$r/dev/fd"
mount -t cgroup2 none "$r/sys/fs/cgroup"
cat /proc/sys/kernel/random/uuid | tr -d - >"$r/etc/machine-id"
rm -f "$r"/var/lib/man-db/auto-update "$r"/usr/sbin/policy-rc.d
ln -s /dev/null "$r/etc/tmpfiles.d/tmp.conf" # what lies in /tmp stays
printf "[Unit]\nDescription=What is tried\nRequires=systemd-journald.service\nAfter=systemd-journald.service\n" >"$r/etc/systemd/system/default.target"
cd "$r" && mkdir -p old && pivot_root . old && umount -l /old && mount --make-rshared /
ip link set lo up 2>/dev/null || true
exec env -i container=meterkey PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=journal
' "$0"
"""
LOOPBACK = "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x49))"
SPACES = ("-m", "-p", "-n", "-u", "-i", "-C")


def groups():
    """Where cgroups of version 2 are, or None."""
    with open("/proc/mounts", encoding="utf-8") as file:
        found = [line.split()[1] for line in file if line.split()[2] == "cgroup2"]
    return found[0] if found else None


class Machine:
    def __init__(self):
        self.folder, self.keeper, self.group, self.why_not = tempfile.mkdtemp(), None, None, self.lacks()
        if not self.why_not:
            self.begin()

    @staticmethod
    def lacks():
        if os.getuid():
            return "it needs root"
        if not os.path.exists("/lib/systemd/systemd"):
            return "systemd is not installed"
        return None if groups() else "no cgroups of version 2"

    def begin(self):
        self.group = os.path.join(groups(), "meterkey-test-%d" % os.getpid())
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        try:
            os.mkdir(self.group)
        except OSError as problem:
            self.why_not = "no cgroup can be made: %s" % problem
            return
        place = os.path.join(self.folder, "machine")
        os.mkdir(place)
        self.keeper = subprocess.Popen(["sh", "-c", BEGIN, place, self.group], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        if not self.up():
            self.log.seek(0)
            self.why_not = "no namespaces here: " + (self.log.read().strip().split("\n")[-1] or "systemd does not start")

    def first(self):
        """Process 1 as it is called outside."""
        with open("/proc/%d/task/%d/children" % (self.keeper.pid, self.keeper.pid), encoding="ascii") as file:
            return file.read().split()[0]

    def words(self, *words):
        return ["nsenter", "-t", self.first(), *SPACES, *words]

    def up(self):
        limit = time.monotonic() + 30
        while self.keeper.poll() is None and time.monotonic() < limit:
            time.sleep(0.1)
            try:
                if not subprocess.run(self.words("systemctl", "is-active", "--quiet", "default.target"), stderr=subprocess.DEVNULL, check=False).returncode:
                    return subprocess.run(self.words("/usr/bin/python3", "-c", LOOPBACK), check=False).returncode == 0
            except (OSError, IndexError):
                pass  # not born yet
        return False

    def run(self, *words):
        """The status of a program in it, which says what it has to say itself."""
        return subprocess.run(self.words(*words), stdin=subprocess.DEVNULL, check=False).returncode

    def end(self):
        if self.keeper:
            self.keeper.kill()
            self.keeper.wait()
        for _ in range(100 if self.group else 0):  # its processes take a moment to be gone
            for path, _, _ in os.walk(self.group, topdown=False):
                try:
                    os.rmdir(path)
                except OSError:
                    pass
            if not os.path.exists(self.group):
                break
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)
