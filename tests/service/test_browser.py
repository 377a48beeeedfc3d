#!/usr/bin/python3
"""The customer's pages in a real Chromium: what the script adds, 320 pixels, dark colours, the policy; skipped without Chromium.

PICTURES=DIR keeps a picture of each page.
"""
import os
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chromium
from browser import Failed, check
from test_customer import PASSWORD, Place

tests = []
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Text of every element that has some of its own, against what is behind it: WCAG's contrast, the worst first.
CONTRAST = """(() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return { rgb: m.slice(0, 3), a: m[3] === undefined ? 1 : m[3] }; };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; }
    return [255, 255, 255]; };
  const out = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length) continue;
    const a = light(parse(getComputedStyle(e).color).rgb), b = light(behind(e));
    out.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName + " " + e.textContent.trim().slice(0, 40)]);
  }
  return out.sort((x, y) => x[0] - y[0])[0];
})()"""


def test(name):
    return lambda fn: tests.append((name, fn)) or fn


class Eyes:
    """A page is looked at: at 320 pixels nothing is cut off, every text can be read, light and dark."""

    def __init__(self, place, page):
        self.place, self.page, self.base, self.count = place, page, place.service.url, 0

    def look(self, name):
        for width in (320, 1200):
            self.page.size(width)
            check(self.page.js(WIDER) <= 0, "%s is wider than %d pixels" % (name, width))
            for scheme in ("light", "dark"):
                self.page.media(prefers_color_scheme=scheme)
                ratio, text = self.page.js(CONTRAST)
                check(ratio >= 4.5, "%s, %s: contrast %.2f of %r" % (name, scheme, ratio, text))
                if os.environ.get("PICTURES"):
                    self.page.picture(os.path.join(os.environ["PICTURES"], "%s-%d-%s.png" % (name, width, scheme)))
        self.count += 1

    def fill(self, **values):
        for name, value in values.items():
            self.page.js("document.querySelector('[name=\"%s\"]').value = %r" % (name.replace("_", ".", 1), value))

    def press(self, form):
        self.page.loaded(lambda: self.page.js("document.querySelector('form[action*=\"/%s\"]').requestSubmit()" % form))

    def sign_in(self, user):
        self.page.go(self.base + "/authorize/helio-solar?utility=DEMO")
        self.fill(c_username=user, c_password=PASSWORD, email="pat@mail.test")
        self.press("consent")
        self.page.until("!document.querySelector('[data-progress]')")

    def title(self):
        return self.page.js("document.querySelector('h1').textContent")


@test("the list is filtered while typing, and says how many are left")
def filtered(eyes):
    eyes.page.go(eyes.base + "/authorize/helio-solar")
    eyes.look("choose")
    shown = eyes.page.js("""(() => { const q = document.querySelector('#q'); q.value = 'DEM'; q.dispatchEvent(new Event('input'));
      return [...document.querySelectorAll('#utilities li')].filter((x) => !x.hidden).length + ' ' + document.querySelector('#count').textContent })()""")
    check(shown == "1 1 utility", shown)
    eyes.page.js("(() => { const q = document.querySelector('#q'); q.value = 'zzz'; q.dispatchEvent(new Event('input')) })()")
    check(eyes.page.js("!document.querySelector('#none').hidden && document.querySelector('#utilities').hidden"), "nothing says that nothing is left")


@test("a password can be looked at, and is hidden again before it is sent")
def reveal(eyes):
    eyes.page.go(eyes.base + "/authorize/helio-solar?utility=DEMO")
    eyes.look("signin")
    seen = eyes.page.js("(() => { const b = document.querySelector('.beside button'); b.click(); return document.querySelector('#c-password').type + b.textContent })()")
    check(seen == "textHide", seen)


@test("progress goes on by itself to the question, to a wrong answer, to the end")
def live(eyes):
    eyes.sign_in("mfa_code-live")
    eyes.look("select")
    eyes.page.js("document.querySelector('[name=\"a.choice\"]').click()")
    eyes.press("answer")
    eyes.page.until("!!document.querySelector('[name=\"a.answer\"]')")
    eyes.look("otp")
    check(eyes.page.js("document.activeElement.name") == "a.answer", "the field has not the focus")
    eyes.fill(a_answer="000000")
    eyes.press("answer")
    eyes.page.until("!!document.querySelector('#wrong')")
    eyes.look("wrong")
    check(eyes.page.js("document.activeElement.id") == "wrong", "the error has not the focus")
    eyes.fill(a_answer=eyes.place.code("mfa_code-live"))
    eyes.press("answer")
    eyes.page.until("!!document.querySelector('.tick')")
    eyes.look("done")


@test("an approval on the phone is noticed")
def approve(eyes):
    eyes.sign_in("mfa_approve-live")
    eyes.look("approve")
    eyes.place.decide("mfa_approve-live", "approve")
    eyes.page.until("!!document.querySelector('.tick')")


@test("failures and help can be read")
def readable(eyes):
    for user in ("mfa_off-look", "badlogin-look", "changed-look"):
        eyes.sign_in(user)
        eyes.look(user)
    for path in ("/help/mfa", "/help/demo", "/help/demo?lang=es", "/f/nowhere"):
        eyes.page.problems.clear()
        eyes.page.go(eyes.base + path)
        eyes.look(path.strip("/").replace("/", "-").replace("?", "-"))
    eyes.page.problems[:] = [p for p in eyes.page.problems if "nowhere" not in p]


@test("nothing was refused by the policy, nothing failed, nothing was fetched from elsewhere")
def quiet(eyes):
    check(eyes.count >= 12, "few pages were looked at: %d" % eyes.count)
    check(not eyes.page.problems, eyes.page.problems)
    foreign = [u for u in eyes.page.requests if not u.startswith(eyes.base + "/")]
    check(not foreign, foreign)


def main():
    if not chromium.PROGRAM:
        for name, _ in tests:
            print("skip - %s: no chromium" % name)
        return 0
    failed = False
    signal.alarm(110)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        page = chromium.Chromium(folder)
        eyes = Eyes(place, page)
        try:
            for name, run in tests:
                try:
                    run(eyes)
                    print("ok - " + name)
                except (Failed, TypeError) as problem:
                    failed = True
                    print("%s: %s\nnot ok - %s" % (type(problem).__name__, problem, name))
        finally:
            page.stop()
            place.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
