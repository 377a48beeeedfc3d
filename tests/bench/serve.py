#!/usr/bin/python3
"""The whole service with many sessions at a question: our own share between credentials and Code Request, rate, memory.

    tests/bench/serve.py [PARKED [MEASURED]]      1000 and 200 (one at a time, and again eight at a time), unless told

The portal is DEMO's. Its own time for the same three exchanges at the same pace is measured beside, and its median subtracted; times are the store's
(submitted, asked). What this machine needs at the least is measured first (floor.py)."""
import http.client
import os
import re
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "service"))
import floor
import whole

EIGHT = 8 # at a time


def memory(pid):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def written(pid):
    with open("/proc/%d/io" % pid, encoding="ascii") as file:
        return int(re.search(r"^write_bytes: (\d+)", file.read(), re.M).group(1))


def cpu(pid):
    """Milliseconds of a process's own."""
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Link(whole.Service):
    """The service for one thread: a connection of its own."""

    def __init__(self, service):
        self.__dict__.update(service.__dict__, connection=None)


def submit(service, people, pause=0, threads=EIGHT):
    """Each signs in, some at a time."""
    people = list(people)

    def work():
        link = Link(service)
        while people:
            try:
                c = people.pop()
            except IndexError:
                return
            c.service = link
            c.page("?utility=DEMO")
            body = "guard=%s&utility=DEMO&email=a%%40mail.example&c.username=%s&c.password=canary" % (c.guard, c.user)
            reply = link.request("POST", c.path + "/consent", body.encode(), dict(c.headers(), **{"Content-Type": "application/x-www-form-urlencoded"}))
            whole.check(reply.status == 303, reply.body[-500:])
            time.sleep(pause)
    started = [threading.Thread(target=work) for _ in range(threads)]
    for one in started:
        one.start()
    for one in started:
        one.join()


def portal_alone(sandbox, count, pause):
    """Milliseconds of the same exchanges by a bare client, with so many seconds in between."""
    out = []
    for n in range(count):
        time.sleep(pause)
        link = http.client.HTTPConnection(sandbox.url[7:], timeout=30)
        began, cookie = time.perf_counter(), {}

        def go(method, path, body=None):
            headers = {"Cookie": "; ".join("%s=%s" % one for one in cookie.items())} if cookie else {}
            if body:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            link.request(method, path, body, headers)
            reply = link.getresponse()
            text = reply.read().decode()
            for line in reply.headers.get_all("Set-Cookie") or []:
                name, _, value = line.split(";")[0].partition("=")
                cookie[name] = value
            return text
        page = go("GET", "/login")
        hidden = "&".join("%s=%s" % one for one in re.findall(r'name="(csrf|step)" value="([^"]*)"', page))
        go("POST", "/login", hidden + "&username=mfa_sms-alone-%d&password=x" % n)
        go("GET", "/verify")
        out.append((time.perf_counter() - began) * 1000)
        link.close()
    return out


def wait_for(service, count):
    limit = time.monotonic() + 150
    while service.sql("SELECT count(*) FROM sessions WHERE state = 'waiting'")[0][0] < count:
        whole.check(time.monotonic() < limit, "sessions do not come to their question: %r" % service.sql("SELECT state, count(*) FROM sessions GROUP BY 1"))
        time.sleep(0.2)


def settled(pid):
    """Waits until a worker has let go of the states of those that wait."""
    used, before = cpu(pid), -1000
    while used - before > 20:
        time.sleep(1)
        used, before = cpu(pid), used


def three(values):
    return "p50 %.1f ms, p90 %.1f ms, p99 %.1f ms" % tuple(at(values, share) for share in (0.5, 0.9, 0.99))


def commits(service):
    """(how many, seconds they took) since the start."""
    body = service.request("GET", "/metrics").body.decode()
    return [float(re.search(r"^meterkey_store_%s_total (\S+)" % name, body, re.M).group(1)) for name in ("commits", "commit_seconds")]


def measure(service, sandbox, people, threads):
    """Signs them in, prints what it took."""
    pids, count, pause = [service.process.pid, service.workers()[0]], len(people), 0.05 if threads > 1 else 0.02
    settled(pids[1])
    bytes_before, cpu_before, commits_before = written(pids[0]), [cpu(pid) for pid in pids], commits(service)
    waiting = service.sql("SELECT count(*) FROM sessions WHERE state = 'waiting'")[0][0]
    submit(service, people, pause, threads)
    wait_for(service, waiting + count)
    spent = [(cpu(pid) - one) / count for pid, one in zip(pids, cpu_before)]
    number, took = (one - before for one, before in zip(commits(service), commits_before))
    ours = [row[0] / 1000 for row in service.sql("SELECT asked - created FROM sessions ORDER BY created DESC LIMIT ?", count)]
    alone = at(portal_alone(sandbox, 100, pause), 0.5)
    print("%d at a time:" % threads)
    print("  credentials to Code Request: %s; the portal alone p50 %.1f ms" % (three(ours), alone))
    print("  our own share: " + three([one - alone for one in ours]))
    print("  CPU of a sign-in up to its question: service %.2f ms (page and form included), worker %.2f ms" % tuple(spent))
    print("  %.1f commits a sign-in, %.2f ms each; %.1f KiB written a sign-in" % (
        number / count, took * 1000 / number, (written(pids[0]) - bytes_before) / 1024 / count))


def main():
    print("the least that this machine needs: " + three(floor.floor(300, 0.02)))
    parked, measured = (int(word) for word in (sys.argv[1:] + ["1000", "200"][len(sys.argv) - 1:])[:2])
    with whole.whole(workers=1, utility_sessions=100000, sessions_per_worker=100000, connections=4000, connections_per_address=4000,
                     limits={"drop_ms": 1000}) as (service, sandbox):
        service.ready()
        people = [service.customer("mfa_sms") for _ in range(parked + 2 * measured)]
        began = time.monotonic()
        submit(service, people[:parked])
        wait_for(service, parked)
        span = time.monotonic() - began
        print("load of this machine: %.1f" % os.getloadavg()[0])
        print("%d sessions at a question, %.0f sign-ins a second while they came" % (parked, parked / span))
        print("memory: service %.1f MiB, worker %.1f MiB" % tuple(memory(pid) for pid in (service.process.pid, *service.workers())))
        measure(service, sandbox, people[parked:parked + measured], 1)
        measure(service, sandbox, people[parked + measured:], EIGHT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
