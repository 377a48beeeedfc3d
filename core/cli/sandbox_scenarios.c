/* sandbox_scenarios.c - the user names of DEMO and what they do (layer cli) */
#include "base/err.h"
#include "cli/sandbox_int.h"
#include <string.h>
#include <strings.h>

/* The one place where scenarios are described: the command's list, the index
 * page and docs/reference/sandbox.md are made from it. */
static const sb_scenario scenarios[] = {
    { "residential", "Signs in at once; a home with one electric meter.", "1 meter", "", .meters = 1 },
    { "commercial", "Signs in at once; electric and gas at two addresses, one meter closed.", "4 meters", "",
      .meters = 4 },
    { "empty", "Signs in; the portal says that there is no service.", "no meters", "",
      .meters = 0 },
    { "slow", "Each answer takes two seconds.", "1 meter", "", .twist = SB_SLOW, .meters = 1 },

    { "badlogin", "User name or password is refused.", "auth.credentials", "", .outcome = SB_BAD_LOGIN },
    { "badlogin_after", "Works once; the next run with what was kept is refused.", "1 meter, then auth.credentials",
      "run it twice with --keep FILE", .outcome = SB_BAD_LOGIN, .meters = 1, .after = true },
    { "websitedown", "The portal is down for maintenance.", "site.maintenance", "", .outcome = SB_DOWN },
    { "websitedown_after", "Works once; the next run with what was kept finds it down.",
      "1 meter, then site.maintenance", "run it twice with --keep FILE", .outcome = SB_DOWN, .meters = 1,
      .after = true },
    { "utilityerror", "The portal shows an error page of its own.", "site.error_page", "", .outcome = SB_ERROR },
    { "utilityerror_after", "Works once; the next run with what was kept meets an error page.",
      "1 meter, then site.error_page", "run it twice with --keep FILE", .outcome = SB_ERROR, .meters = 1,
      .after = true },

    { "mfa_code", "Asks where to send a code, by text or by e-mail.", "1 meter",
      "choose, then type the code; remembers the device", .factor = SB_CHOICE, .meters = 1 },
    { "mfa_sms", "Texts a code.", "1 meter", "type the code", .factor = SB_SMS, .meters = 1 },
    { "mfa_email", "E-mails a code.", "1 meter", "type the code", .factor = SB_EMAIL, .meters = 1 },
    { "mfa_voice", "Calls and speaks a code.", "1 meter", "type the code", .factor = SB_VOICE, .meters = 1 },
    { "mfa_question", "Asks one security question.", "1 meter", "the pet is Biscuit", .factor = SB_QUESTION,
      .meters = 1 },
    { "mfa_questions", "Asks two security questions on one page.", "1 meter",
      "the pet is Biscuit, the street is Lantern", .factor = SB_QUESTIONS, .meters = 1 },
    { "mfa_totp", "Asks for the code of an authenticator app; each code works once.", "1 meter",
      "the phone page shows secret and code", .factor = SB_TOTP, .meters = 1 },
    { "mfa_approve", "Waits for a tap in the utility's app.", "1 meter", "Approve or Deny on the phone page",
      .factor = SB_APPROVE, .meters = 1 },
    { "mfa_wrong", "Refuses the first code, though it is the one on the phone, and sends another.", "1 meter",
      "type the first code, then the second", .factor = SB_SMS, .twist = SB_FIRST_REFUSED, .meters = 1 },
    { "mfa_expired", "The first code has expired by the time it is typed.", "1 meter",
      "type it, ask for another, type that", .factor = SB_SMS, .twist = SB_FIRST_EXPIRED, .meters = 1 },
    { "mfa_locked", "No code is accepted; after three the account is locked.", "auth.locked", "type any three codes",
      .factor = SB_SMS, .twist = SB_LOCKS, .meters = 1 },
    { "mfa_limit", "The portal cannot send more codes today.", "mfa.send_limited", "", .factor = SB_SMS,
      .twist = SB_SEND_LIMIT, .meters = 1 },
    { "mfa_late", "The portal's session has ended by the time the code is typed.", "auth.session_lost",
      "type the code", .factor = SB_SMS, .twist = SB_LOST, .meters = 1 },
    { "mfa_off", "Takes nothing but a security key; that cannot be relayed.", "mfa.must_be_off", "",
      .outcome = SB_KEY_ONLY },
    { "must_enroll", "Wants two-step verification to be set up first.", "mfa.must_enroll", "", .outcome = SB_ENROLL },

    { "locked", "The account is locked.", "auth.locked", "", .outcome = SB_LOCKED },
    { "password_expired", "The password is right but has expired.", "auth.password_expired", "",
      .outcome = SB_EXPIRED },
    { "terms", "New terms of use, which may be accepted from here.", "1 meter", "accept", .outcome = SB_TERMS,
      .meters = 1 },
    { "terms_required", "New terms of use, which must be signed on the portal.", "user_action.terms", "",
      .outcome = SB_TERMS_ON_SITE },
    { "changed", "The portal was redesigned; nothing is where it was.", "adapter.unexpected_page", "",
      .outcome = SB_CHANGED },
    { "botwall", "A page that wants proof of a human.", "site.blocked", "", .outcome = SB_BOT_WALL },
    { "ratelimited", "Too many requests; try in two minutes.", "site.rate_limited", "", .outcome = SB_RATE_LIMIT },
};

const sb_scenario *mk_sb_scenario_at(size_t i)
{
    return i < sizeof scenarios / sizeof *scenarios ? &scenarios[i] : NULL;
}

const sb_scenario *mk_sb_scenario_of(const char *user)
{
    static const char prefix[] = "UAPI_TEST_";
    if (strncasecmp(user, prefix, sizeof prefix - 1) == 0)
        user += sizeof prefix - 1;
    size_t len = strcspn(user, "-");
    const sb_scenario *row;
    for (size_t i = 0; (row = mk_sb_scenario_at(i)); i++)
        if (strlen(row->name) == len && strncasecmp(row->name, user, len) == 0)
            return row;
    return &scenarios[0];
}

int mk_sandbox_list_text(mk_buf *out)
{
    const sb_scenario *row;
    int err = MK_OK;
    for (size_t i = 0; !err && (row = mk_sb_scenario_at(i)); i++) {
        err = mk_buf_addf(out, "  %-18s %-31s %s", row->name, row->ends, row->what);
        if (!err && row->hint[0])
            err = mk_buf_addf(out, " (%s)", row->hint);
        if (!err)
            err = mk_buf_addc(out, '\n');
    }
    return err;
}

static const char intro[] =
    "# The sandbox: DEMO, a made-up utility\n\n"
    "Made by `meterkey sandbox --list --markdown`; do not edit.\n\n"
    "`meterkey sandbox` serves a portal on loopback, with customers, meters and a page that shows the customer's phone.\n"
    "The user name picks what happens. Case does not matter, `UAPI_TEST_` may stand before it, and `-anything` after it\n"
    "gives a customer with a phone of their own (`mfa_code-anna`). A phone goes by the whole name as it was typed: what\n"
    "`UAPI_TEST_mfa_sms` receives is not on that of `mfa_sms`. Any other name is `residential`. Any password is right but\n"
    "`wrong`. Everything is forgotten when it stops.\n\n"
    "| User name | What happens | Ends with | What to do |\n|---|---|---|---|\n";

static const char outro[] =
    "\nThe adapter is `scripts/utilities/demo.lua`. It declares `http://127.0.0.1:18102`, which has to be opened:\n\n"
    "```\nmeterkey sandbox &\nmeterkey run demo --allow-origin http://127.0.0.1:18102\n```\n\n"
    "On another port: `--connect-to 127.0.0.1:18102:127.0.0.1:PORT` as well.\n\n"
    "The phone is at `/phone?user=NAME`, and for programs at `/phone.json?user=NAME&after=ID&wait=SECONDS`, which answers as\n"
    "soon as a message newer than ID is there: `{\"messages\": [{\"id\", \"kind\", \"text\", \"code\", \"at\", \"decision\", \"token\"}], \"totp\": {\"secret\", \"code\"}}`\n"
    "(`totp` for `mfa_totp` only). An approval is decided by a POST of `id`, `token`, `user` and `decision` (`approve` or `deny`) to `/phone/decide`.\n";

int mk_sandbox_list_markdown(mk_buf *out)
{
    const sb_scenario *row;
    int err = mk_buf_adds(out, intro);
    for (size_t i = 0; !err && (row = mk_sb_scenario_at(i)); i++)
        err = mk_buf_addf(out, "| `%s` | %s | %s | %s |\n", row->name, row->what, row->ends, row->hint);
    return err ? err : mk_buf_adds(out, outro);
}
