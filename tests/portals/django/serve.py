#!/usr/bin/python3
"""Serves the Django portal on loopback, on a port that the system picks.

The first line on standard output is {"port": N, "users": {...}}; later lines say
{"mail": FILE, "to": [...]} when a code was mailed. With --control, commands are
read from standard input, one JSON object a line, each answered by {"done": NAME}:
  {"do": "expire", "user": NAME}     the code mailed last is no longer valid
  {"do": "forget", "user": NAME}     the sessions of this user end
  {"do": "reset", "user": NAME}      no failed attempts, authenticator codes usable again
and the server ends with the input. SIGTERM and SIGINT end it too. Nothing is left
behind: database and mails lie in a temporary folder."""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))

# Invented people. The key is that of their authenticator.
PASSWORD = "Correct-Horse-9"
TOTP_KEY = "3132333435363738393031323334353637383930"
PEOPLE = {
    "ines.mail":  {"name": ("Ines", "Quill"), "email": "ines.quill@mail.test", "devices": ["email"], "meters": 6},
    "tomas.app":  {"name": ("Tomas", "Fenn"), "email": "tomas.fenn@mail.test", "devices": ["totp"], "meters": 6},
    "bea.both":   {"name": ("Bea", "Ostler"), "email": "bea.ostler@mail.test", "devices": ["email", "totp"], "meters": 6},
    "nora.none":  {"name": ("Nora", "Vane"), "email": "nora.vane@mail.test", "devices": ["email"], "meters": 0},
}


def add_meters(user, count, start):
    from portal.models import Meter
    for i in range(count):
        Meter.objects.create(
            owner=user, account="40%08d" % (start + i // 3), serial="%s%07d" % ("GE"[i % 2], start + i),
            service="GE"[i % 2], rate=["RES-1", "TOU-D", "GR"][i % 3],
            street="%d Mill & Weir Lane" % (10 + i), city="Northvale", state="NY",
            postcode="0%04d" % (1200 + i), closed=i == 5)


def add_people():
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import Permission, User
    from django_otp.plugins.otp_email.models import EmailDevice
    from django_otp.plugins.otp_totp.models import TOTPDevice
    password = make_password(PASSWORD)
    view_meter = Permission.objects.get(codename="view_meter")
    for i, (username, person) in enumerate(PEOPLE.items()):
        first, last = person["name"]
        user = User.objects.create(username=username, first_name=first, last_name=last,
                                   email=person["email"], password=password, is_staff=True)
        user.user_permissions.add(view_meter)
        if "email" in person["devices"]:
            EmailDevice.objects.create(user=user, name="E-mail")
        if "totp" in person["devices"]:
            TOTPDevice.objects.create(user=user, name="Authenticator", key=TOTP_KEY)
        add_meters(user, person["meters"], 1000 * (i + 1))


def make_database():
    from django.core.management import call_command
    from django.db import connection
    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
    with connection.cursor() as cursor:      # readers do not wait for writers
        cursor.execute("PRAGMA journal_mode=WAL")
    add_people()
    connection.close()


def do_expire(command):
    from django.utils import timezone
    from django_otp.plugins.otp_email.models import EmailDevice
    EmailDevice.objects.filter(user__username=command["user"]).update(valid_until=timezone.now())


def do_forget(command):
    from django.contrib.auth.models import User
    from django.contrib.sessions.models import Session
    key = str(User.objects.get(username=command["user"]).pk)
    for session in Session.objects.all():
        if session.get_decoded().get("_auth_user_id") == key:
            session.delete()


def do_reset(command):
    from django_otp.plugins.otp_email.models import EmailDevice
    from django_otp.plugins.otp_totp.models import TOTPDevice
    fresh = {"throttling_failure_timestamp": None, "throttling_failure_count": 0}
    EmailDevice.objects.filter(user__username=command["user"]).update(**fresh)
    TOTPDevice.objects.filter(user__username=command["user"]).update(last_t=-1, drift=0, **fresh)


# SQLite refuses a reader that turns writer beside another: one request or command at a time.
TURN = threading.Lock()

COMMANDS = {"expire": do_expire, "forget": do_forget, "reset": do_reset}


def obey(server):
    from portal.mail import announce
    for line in sys.stdin:
        try:
            command = json.loads(line)
            with TURN:
                COMMANDS[command["do"]](command)
            announce({"done": command["do"]})
        except (ValueError, KeyError, TypeError) as error:
            announce({"refused": repr(error)})
    server.shutdown()


def make_server(port):
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.mail.utils import DNS_NAME
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_args):
            pass

    DNS_NAME._fqdn = "northvale.test"        # else the first mail waits until the machine's name is looked up
    app = StaticFilesHandler(get_wsgi_application())

    def in_turn(environ, start_response):
        with TURN:
            return app(environ, start_response)

    server = ThreadedWSGIServer(("127.0.0.1", port), Quiet)
    server.set_app(in_turn)
    return server


def serve(args):
    import django
    django.setup()
    make_database()
    server = make_server(args.port)

    def stop(_signum, _frame):               # shutdown() waits for the loop, which is this thread
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if args.control:
        threading.Thread(target=obey, args=(server,), daemon=True).start()
    from portal.mail import announce
    announce({"port": server.server_port, "password": PASSWORD, "totp_key": TOTP_KEY,
              "users": {name: person["devices"] for name, person in PEOPLE.items()}})
    server.serve_forever()
    server.server_close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", action="store_true", help="obey commands on standard input")
    args = parser.parse_args()
    state = tempfile.mkdtemp(prefix="portal-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))    # until the server is there
    try:
        os.environ["PORTAL_STATE"] = state
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        sys.path.insert(0, HERE)
        sys.dont_write_bytecode = True
        serve(args)
    finally:
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    main()
