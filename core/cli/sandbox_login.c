/* sandbox_login.c - signing in at DEMO: password, what can go wrong, terms, signing out (layer cli) */
#include "base/err.h"
#include "cli/sandbox_int.h"
#include <stdio.h>
#include <string.h>

static void fail(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, const char *kind, const char *text)
{
    visit->flash = text;
    visit->flash_kind = kind;
    visit->stage = SB_AT_LOGIN;
    visit->scenario = NULL;
    mk_sb_go(sandbox, req, visit, "/login");
}

/* A visit that got past the password starts over when it comes back here. */
void mk_sb_login_page(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    if (visit->stage == SB_AT_HOME) {
        mk_sb_go(sandbox, req, visit, "/home");
        return;
    }
    visit->stage = SB_AT_LOGIN;
    visit->scenario = NULL;
    mk_sb_page_begin(&page, "Sign in", "", 0);
    mk_sb_alert(&page, visit);
    mk_sb_form(&page, visit, "signin", "/login");
    mk_sb_put(&page, "<label for=\"username\">User name</label>\n"
                     "<input id=\"username\" name=\"username\" type=\"text\" autocomplete=\"username\" autocapitalize=\"none\" maxlength=\"64\" required>\n"
                     "<label for=\"password\">Password</label>\n"
                     "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\n"
                     "<button>Sign in</button>\n</form>\n"
                     "<p class=\"soft\">The user name picks what happens; <a href=\"/\">the list</a> has all of them. "
                     "Any password is right but <code>wrong</code>.</p>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}

static void bot_wall(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    mk_sb_page_begin(&page, "One more moment", "", 0);
    mk_sb_put(&page, "<p>Our systems noticed unusual traffic from your network.</p>\n"
                     "<form id=\"captcha\" method=\"get\" action=\"/login\"><label class=\"check\">"
                     "<input type=\"checkbox\" name=\"human\"> I am not a robot</label><button>Go on</button></form>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 403);
}

static void redesigned(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    mk_sb_page_begin(&page, "Welcome to your new energy hub", "", 0);
    mk_sb_put(&page, "<div class=\"hub\"><p>We have given everything a new place.</p>"
                     "<p><a href=\"/hub/tour\">Take the tour</a></p></div>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}

static void security_key(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    mk_sb_page_begin(&page, "Use your security key", "", 0);
    mk_sb_put(&page, "<p id=\"security-key\">Two-step verification is on for this account. Touch the security key that "
                     "belongs to it.</p>\n<p class=\"soft\">No key at hand? Two-step verification can be switched off "
                     "under Profile, Security.</p>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}

static void rate_limit(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    if (!mk_httpd_add(req, "Retry-After", "120"))
        mk_sb_say(sandbox, req, visit, 429, "Please slow down", "too-many",
                  "Too many requests. Try again in two minutes.");
}

/* True if the scenario ended it here. */
static bool outcome(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, enum sb_outcome what)
{
    switch (what) {
    case SB_SIGNED_IN:
    case SB_TERMS:
        return false;
    case SB_BAD_LOGIN:
        fail(sandbox, req, visit, "login-error", "The user name or the password is not right.");
        break;
    case SB_DOWN:
        mk_sb_say(sandbox, req, visit, 503, "Back soon", "maintenance", "We are updating our site.");
        break;
    case SB_ERROR:
        mk_sb_say(sandbox, req, visit, 500, "Sorry", "site-error", "Something went wrong on our side (error D-17).");
        break;
    case SB_LOCKED:
        fail(sandbox, req, visit, "account-locked", "This account is locked. Call us to have it opened again.");
        break;
    case SB_EXPIRED:
        mk_sb_say(sandbox, req, visit, 200, "Choose a new password", "password-expired",
                  "Your password has expired. Choose a new one to go on.");
        break;
    case SB_ENROLL:
        mk_sb_say(sandbox, req, visit, 200, "Set up two-step verification", "must-enroll",
                  "From now on every account needs two-step verification. Set it up to go on.");
        break;
    case SB_KEY_ONLY:
        security_key(sandbox, req, visit);
        break;
    case SB_TERMS_ON_SITE:
        mk_sb_say(sandbox, req, visit, 200, "Sign our new terms", "sign-terms",
                  "Our terms of use have changed. Sign them with your full name and account number to go on.");
        break;
    case SB_CHANGED:
        redesigned(sandbox, req, visit);
        break;
    case SB_BOT_WALL:
        bot_wall(sandbox, req, visit);
        break;
    case SB_RATE_LIMIT:
        rate_limit(sandbox, req, visit);
        break;
    }
    return true;
}

/* --- past the password, past the factor -------------------------------- */

static int signed_in(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    char cookie[160];
    sb_device *device = mk_sb_device_find(sandbox, mk_httpd_cookie(req, "demo_device"), visit->user);
    if (!device)
        device = mk_sb_device_new(sandbox, visit->user);
    if (!device)
        return MK_ENOMEM;
    if (visit->remember)
        device->trusted = true;
    visit->stage = SB_AT_HOME;
    snprintf(cookie, sizeof cookie, "demo_device=%s; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax", device->token);
    return mk_httpd_add(req, "Set-Cookie", cookie);
}

void mk_sb_passed_factor(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    if (visit->scenario->outcome == SB_TERMS) {
        visit->stage = SB_AT_TERMS;
        mk_sb_go(sandbox, req, visit, "/terms");
    } else if (!signed_in(sandbox, req, visit)) {
        mk_sb_go(sandbox, req, visit, "/home");
    }
}

void mk_sb_passed_password(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, bool trusted)
{
    if (visit->scenario->factor == SB_NONE || trusted) {
        mk_sb_passed_factor(sandbox, req, visit);
        return;
    }
    switch (mk_sb_factor_begin(sandbox, visit)) {
    case MK_OK:
        mk_sb_go(sandbox, req, visit, "/verify");
        break;
    case MK_EPOLICY:
        fail(sandbox, req, visit, "send-limit", "We cannot send another code today. Please try again tomorrow.");
        break;
    default:
        break; /* out of memory: the server says 500 */
    }
}

/* Signing in gives a new session id, as it should. */
static void renew(sb_visit *visit)
{
    mk_sb_token(visit->id);
    mk_sb_token(visit->csrf);
}

void mk_sb_login(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    const char *user = mk_httpd_field(req, "username"), *password = mk_httpd_field(req, "password");
    sb_tally *tally = user && password ? mk_sb_tally(sandbox, user) : NULL;
    if (tally)
        tally->passwords++;
    if (!mk_sb_form_ok(sandbox, req, visit))
        return;
    if (!user || !password || !user[0] || strlen(user) >= SB_USER) {
        fail(sandbox, req, visit, "login-missing", "Please enter your user name and your password.");
        return;
    }
    if (!password[0] || strcmp(password, "wrong") == 0) {
        fail(sandbox, req, visit, "login-error", "The user name or the password is not right.");
        return;
    }
    const sb_device *device = mk_sb_device_find(sandbox, mk_httpd_cookie(req, "demo_device"), user);
    snprintf(visit->user, sizeof visit->user, "%s", user);
    visit->scenario = mk_sb_scenario_of(user);
    visit->tries = visit->codes_sent = 0;
    visit->remember = false;
    visit->code[0] = 0;
    renew(visit);
    bool spared = visit->scenario->after && !device;
    if (!spared && outcome(sandbox, req, visit, visit->scenario->outcome))
        return;
    mk_sb_passed_password(sandbox, req, visit, device && device->trusted);
}

/* --- terms ------------------------------------------------------------- */

void mk_sb_terms_page(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    if (visit->stage != SB_AT_TERMS) {
        mk_sb_go(sandbox, req, visit, "/login");
        return;
    }
    mk_sb_page_begin(&page, "Our terms have changed", "", 0);
    mk_sb_alert(&page, visit);
    mk_sb_form(&page, visit, "terms", "/terms");
    mk_sb_put(&page, "<p class=\"terms\">DEMO may send your bill by pigeon, weather permitting.</p>\n"
                     "<label class=\"check\"><input type=\"checkbox\" name=\"accept\" value=\"yes\" required> "
                     "I accept these terms</label>\n<button>Go on</button>\n</form>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}

void mk_sb_terms(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    if (!mk_sb_form_ok(sandbox, req, visit))
        return;
    if (visit->stage != SB_AT_TERMS) {
        mk_sb_go(sandbox, req, visit, "/login");
    } else if (!mk_sb_same(mk_httpd_field(req, "accept"), "yes")) {
        visit->flash = "The terms must be accepted to go on.";
        visit->flash_kind = "terms-error";
        mk_sb_go(sandbox, req, visit, "/terms");
    } else if (!signed_in(sandbox, req, visit)) {
        mk_sb_go(sandbox, req, visit, "/home");
    }
}

void mk_sb_logout(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    if (!mk_sb_form_ok(sandbox, req, visit))
        return;
    mk_sb_visit_end(sandbox, visit);
    sb_visit *fresh = mk_sb_visit_new(sandbox);
    if (!fresh)
        return;
    fresh->flash = "You have signed out.";
    fresh->flash_kind = "signed-out";
    mk_sb_go(sandbox, req, fresh, "/login");
}
