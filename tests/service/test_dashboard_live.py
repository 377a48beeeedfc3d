#!/usr/bin/python3
"""A customer's way through DEMO as the team sees it: list, page, health, files, revocation. Everything behind them is real."""
import re
import sys
import tempfile
import traceback

from browser import Browser, Failed, check
from test_customer import PASSWORD, Place, answer, settled

tests = []


def test(name):
    return lambda fn: tests.append((name, fn)) or fn


class Team:
    """An owner who is signed in, and a data request for each customer."""

    def __init__(self, place):
        self.place, self.browser = place, Browser(place.service.url)
        page = self.browser.get("/dashboard/sign-in")
        self.browser.submit(page, "/sign-in", email="ops@team.test",
            password="correct horse battery").has("Data requests")

    def ask(self, user):
        """A data request and the customer's page after the sign-in."""
        page = self.browser.submit(self.browser.get("/dashboard/requests/new"), "/new", email=user + "@mail.example",
            utility="DEMO")
        link = re.search(r'readonly value="http://[^/]+(/f/[\w-]+)"', page.body).group(1)
        customer = Browser(self.place.service.url)
        submitted = customer.submit(customer.get(link), "^.*/consent", **{"c.username": user, "c.password": PASSWORD})
        return page.url.split("?")[0], link, customer, settled(customer, submitted)


def figures(*cells):
    return "".join('<td class="number">%s</td>' % cell for cell in cells)


def squeezed(page):
    return re.sub(r">\s+<", "><", page.body)


@test("a code that is waited for, then meters, their health, a file, and nothing after revocation")
def code(team):
    user = "mfa_sms-dash"
    url, link, customer, page = team.ask(user)
    team.browser.get("/dashboard/requests?state=code").has(user, "Waits for a code")
    team.browser.get(url).has("asks: a code by text message", "Tries left", "Customer signed in",
        "The utility asked for a code").lacks(PASSWORD)
    again = team.browser.submit(team.browser.get(url), "/send").has("the same link was sent")
    check(link in again.body, "another link in the middle of it")
    answer(customer, page, answer=team.place.code(user)).has("Thank you")
    page = team.browser.get(url).has("Done", "Meters are here", "1 meter", "Lantern Street").lacks(PASSWORD)
    check(figures("1", "100 %", "100 %") in squeezed(team.browser.get("/dashboard/adapters")),
        "one attempt, good, with MFA")
    page = squeezed(team.browser.get("/dashboard/adapters/demo"))
    check("<circle" in page and re.search(figures(r"\d+\.\d", "1"), page), "no time to the code page:\n" + page)
    authorization = re.search(r"/dashboard/authorizations/\d+", team.browser.get(url).body).group(0)
    page = team.browser.get("/dashboard/meters.csv?authorization=" + authorization.split("/")[-1])
    check("12 Lantern Street" in page.body and page.body.count("\r\n") == 2, page.body)
    team.browser.submit(team.browser.get(authorization), "/revoke", sure="yes").has("Revoked")
    check("12 Lantern" not in team.browser.get("/dashboard/meters.csv").body, "meters after revocation")
    customer.get(link).has("revoked").lacks("Lantern")


@test("MFA that must be off: one click mails how, and the same link goes on")
def off(team):
    user = "mfa_off-dash"
    url, link, customer, _ = team.ask(user)
    page = team.browser.get("/dashboard/requests?state=mfa_off").has(user)
    page = team.browser.submit(page, "^%s/notify$" % url).has("was notified", "MFA must be off", "mfa.must_be_off")
    mail = next(m for m in team.browser.get("/dashboard/mails").links if "/mails/" in m)
    team.browser.get(mail).has("please switch two-step verification off", link)
    customer.get(link).is_(200)


@test("a failure of the adapter's is not put on the customer")
def changed(team):
    url, link, _, _ = team.ask("changed-dash")
    team.browser.get("/dashboard/requests?state=failed").has("changed-dash", "It is up to the adapter's author",
        "Send link to try again")
    page = team.browser.get(url).has("adapter.unexpected_page", "demo.lua:")
    page = team.browser.submit(page, "/send").has("A new link was made and sent", "adapter.unexpected_page",
        "Customer signed in")
    check(link not in page.body, "the old link")
    team.browser.get("/dashboard/adapters/demo").has("adapter.unexpected_page")


def main():
    failed = False
    with tempfile.TemporaryDirectory(prefix="dashboard-live-") as folder:
        place = Place(folder)
        try:
            team = Team(place)
            for name, run in tests:
                try:
                    run(team)
                    print("ok - %s" % name, flush=True)
                except Exception as problem:
                    failed = True
                    print(problem if isinstance(problem, Failed) else traceback.format_exc())
                    print("not ok - %s" % name, flush=True)
        finally:
            place.stop()
        if failed:
            print(place.service.log()[-3000:])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
