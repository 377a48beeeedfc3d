/* sandbox_verify.c - the second factor at DEMO: codes, questions, apps, approvals (layer cli) */
#include "base/err.h"
#include "base/random.h"
#include "cli/sandbox_int.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void flash(sb_visit *visit, const char *kind, const char *text)
{
    visit->flash = text;
    visit->flash_kind = kind;
}

static void start_over(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, const char *kind, const char *text)
{
    flash(visit, kind, text);
    visit->stage = SB_AT_LOGIN;
    visit->scenario = NULL;
    visit->code[0] = 0;
    mk_sb_go(sandbox, req, visit, "/login");
}

/* --- sending ----------------------------------------------------------- */

/* A new code; the one before it is worth nothing from now on. */
static int send_code(mk_sandbox *sandbox, sb_visit *visit)
{
    char text[SB_TEXT];
    uint32_t number;
    if (visit->scenario->twist == SB_SEND_LIMIT || visit->codes_sent > SB_RESENDS)
        return MK_EPOLICY;
    mk_random_fill(&number, sizeof number); /* the bias of % is of no matter in a sandbox */
    snprintf(visit->code, sizeof visit->code, "%06u", (unsigned)(number % 1000000U));
    visit->code_until = mk_sb_now() + sandbox->options.code_seconds;
    visit->codes_sent++;
    const char *kind = visit->medium == SB_SMS ? "text" : visit->medium == SB_EMAIL ? "e-mail" : "call";
    snprintf(text, sizeof text, "DEMO: your sign-in code is %s. We never ask you for it by phone.", visit->code);
    return mk_sb_send(sandbox, visit->user, kind, visit->code, text) ? MK_OK : MK_ENOMEM;
}

static int ask_approval(mk_sandbox *sandbox, sb_visit *visit)
{
    sb_message *message = mk_sb_send(sandbox, visit->user, "approval", "", "DEMO: is it you who is signing in?");
    if (!message)
        return MK_ENOMEM;
    message->decision = SB_WAITING;
    visit->approval = message->id;
    visit->stage = SB_AT_APPROVE;
    return MK_OK;
}

int mk_sb_factor_begin(mk_sandbox *sandbox, sb_visit *visit)
{
    enum sb_factor factor = visit->scenario->factor;
    switch (factor) {
    case SB_CHOICE:
        visit->stage = SB_AT_CHOICE;
        return MK_OK;
    case SB_SMS:
    case SB_EMAIL:
    case SB_VOICE:
        visit->stage = SB_AT_CODE;
        visit->medium = factor;
        return send_code(sandbox, visit);
    case SB_TOTP:
        visit->stage = SB_AT_TOTP;
        return MK_OK;
    case SB_APPROVE:
        return ask_approval(sandbox, visit);
    default:
        visit->stage = SB_AT_QUESTION;
        return MK_OK;
    }
}

/* --- pages ------------------------------------------------------------- */

static void choice_page(sb_page *page, sb_visit *visit)
{
    mk_sb_page_begin(page, "Verify that it is you", "", 0);
    mk_sb_alert(page, visit);
    mk_sb_form(page, visit, "choose", "/verify");
    mk_sb_put(page, "<fieldset><legend>How should we send your code?</legend>\n"
                    "<label class=\"check\"><input type=\"radio\" name=\"method\" value=\"sms\" checked> Text message to (***) ***-0142</label>\n"
                    "<label class=\"check\"><input type=\"radio\" name=\"method\" value=\"email\"> E-mail to d***@mail.example</label>\n"
                    "</fieldset>\n<button>Send code</button>\n</form>\n");
}

static void remember_box(sb_page *page)
{
    mk_sb_put(page, "<label class=\"check\"><input type=\"checkbox\" name=\"remember\" value=\"yes\"> "
                    "Remember this device for 30 days</label>\n");
}

static void code_page(sb_page *page, sb_visit *visit)
{
    static const char *const how[] = { [SB_SMS] = "sent a text to", [SB_EMAIL] = "sent an e-mail to", [SB_VOICE] = "called" };
    static const char *const id[] = { [SB_SMS] = "sms", [SB_EMAIL] = "email", [SB_VOICE] = "voice" };
    mk_sb_page_begin(page, "Enter your code", "", 0);
    mk_sb_alert(page, visit);
    mk_sb_form(page, visit, "code-form", "/verify");
    mk_sb_put(page, "<p id=\"sent\" data-medium=\"%s\">We have %s <span class=\"dest\">%s</span>.</p>\n", id[visit->medium],
              how[visit->medium], visit->medium == SB_EMAIL ? "d***@mail.example" : "(***) ***-0142");
    mk_sb_put(page, "<label for=\"code\">Enter the 6-digit code</label>\n"
                    "<input class=\"code\" id=\"code\" name=\"code\" type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"6\" required>\n");
    remember_box(page);
    mk_sb_put(page, "<button>Verify</button>\n</form>\n");
    mk_sb_form(page, visit, "resend", "/verify/resend");
    mk_sb_put(page, "<button class=\"second\">Send another code</button>\n</form>\n");
    if (visit->scenario->factor == SB_CHOICE) {
        mk_sb_form(page, visit, "other", "/verify/other");
        mk_sb_put(page, "<button class=\"second\">Use another way</button>\n</form>\n");
    }
    mk_sb_put(page, "<p class=\"soft\">It arrives on <a href=\"/phone?user=%s\">the phone page</a>.</p>\n", visit->user);
}

static void totp_page(sb_page *page, sb_visit *visit)
{
    mk_sb_page_begin(page, "Open your authenticator", "", 0);
    mk_sb_alert(page, visit);
    mk_sb_form(page, visit, "totp-form", "/verify");
    mk_sb_put(page, "<label for=\"totp\">Code from your authenticator app</label>\n"
                    "<input class=\"code\" id=\"totp\" name=\"totp\" type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"6\" required>\n");
    remember_box(page);
    mk_sb_put(page, "<button>Verify</button>\n</form>\n"
                    "<p class=\"soft\">The app is on <a href=\"/phone?user=%s\">the phone page</a>.</p>\n", visit->user);
}

static void question_page(sb_page *page, sb_visit *visit)
{
    bool two = visit->scenario->factor == SB_QUESTIONS;
    mk_sb_page_begin(page, two ? "Two questions only you can answer" : "A question only you can answer", "", 0);
    mk_sb_alert(page, visit);
    mk_sb_form(page, visit, "questions", "/verify");
    mk_sb_put(page, "<label for=\"pet\">What was the name of your first pet?</label>\n"
                    "<input id=\"pet\" name=\"pet\" type=\"text\" autocomplete=\"off\" maxlength=\"60\" required>\n");
    if (two)
        mk_sb_put(page, "<label for=\"street\">Which street did you grow up in?</label>\n"
                        "<input id=\"street\" name=\"street\" type=\"text\" autocomplete=\"off\" maxlength=\"60\" required>\n");
    mk_sb_put(page, "<button>Go on</button>\n</form>\n"
                    "<p class=\"soft\">The answers are noted on <a href=\"/phone?user=%s\">the phone page</a>.</p>\n",
              visit->user);
}

static void approve_page(sb_page *page, sb_visit *visit)
{
    mk_sb_page_begin(page, "Approve it in the app", "", 0);
    mk_sb_alert(page, visit);
    mk_sb_put(page, "<p id=\"waiting\">We have sent a request to the DEMO app on your phone. Approve it there, then go on.</p>\n");
    mk_sb_form(page, visit, "approve-form", "/verify");
    mk_sb_put(page, "<button>Go on</button>\n</form>\n"
                    "<p class=\"soft\">The app is on <a href=\"/phone?user=%s\">the phone page</a>.</p>\n", visit->user);
}

void mk_sb_verify_page(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    switch (visit->stage) {
    case SB_AT_CHOICE:
        choice_page(&page, visit);
        break;
    case SB_AT_CODE:
        code_page(&page, visit);
        break;
    case SB_AT_TOTP:
        totp_page(&page, visit);
        break;
    case SB_AT_QUESTION:
        question_page(&page, visit);
        break;
    case SB_AT_APPROVE:
        approve_page(&page, visit);
        break;
    default:
        mk_sb_go(sandbox, req, visit, "/login");
        return;
    }
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}

/* --- answers ----------------------------------------------------------- */

static void refused(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, const char *kind, const char *text)
{
    if (++visit->tries < SB_TRIES) {
        flash(visit, kind, text);
        mk_sb_go(sandbox, req, visit, "/verify");
    } else if (visit->scenario->twist == SB_LOCKS) {
        start_over(sandbox, req, visit, "account-locked", "This account is locked. Call us to have it opened again.");
    } else {
        start_over(sandbox, req, visit, "tries-exhausted", "Too many wrong answers. Please sign in again.");
    }
}

static void take_choice(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    const char *method = mk_httpd_field(req, "method");
    if (mk_sb_same(method, "sms")) {
        visit->medium = SB_SMS;
    } else if (mk_sb_same(method, "email")) {
        visit->medium = SB_EMAIL;
    } else {
        flash(visit, "choice-error", "Please choose one of these.");
        mk_sb_go(sandbox, req, visit, "/verify");
        return;
    }
    int err = send_code(sandbox, visit);
    if (err == MK_EPOLICY)
        start_over(sandbox, req, visit, "send-limit", "We cannot send another code today. Please try again tomorrow.");
    if (err)
        return;
    visit->stage = SB_AT_CODE;
    mk_sb_go(sandbox, req, visit, "/verify");
}

static void refuse_first(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    if (send_code(sandbox, visit) != MK_ENOMEM)
        refused(sandbox, req, visit, "code-wrong", "That code is not right. We have sent you a new one.");
}

static void take_code(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    enum sb_twist twist = visit->scenario->twist;
    bool first = visit->codes_sent == 1, right = visit->code[0] && mk_sb_same(mk_httpd_field(req, "code"), visit->code);
    if (twist == SB_LOST)
        start_over(sandbox, req, visit, "session-ended", "Your session has ended. Please sign in again.");
    else if (!right || twist == SB_LOCKS)
        refused(sandbox, req, visit, "code-wrong", "That code is not right.");
    else if (twist == SB_FIRST_REFUSED && first)
        refuse_first(sandbox, req, visit);
    else if (mk_sb_now() >= visit->code_until || (twist == SB_FIRST_EXPIRED && first))
        refused(sandbox, req, visit, "code-expired", "That code has expired. Ask for another one.");
    else {
        visit->code[0] = 0; /* good for once */
        visit->remember = mk_sb_same(mk_httpd_field(req, "remember"), "yes");
        mk_sb_passed_factor(sandbox, req, visit);
    }
}

static void take_totp(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    switch (mk_sb_totp_take(sandbox, visit->user, mk_httpd_field(req, "totp"))) {
    case MK_OK:
        visit->remember = mk_sb_same(mk_httpd_field(req, "remember"), "yes");
        mk_sb_passed_factor(sandbox, req, visit);
        break;
    case MK_ESPENT:
        refused(sandbox, req, visit, "code-used", "That code was used already. Wait for the next one.");
        break;
    case MK_EPARSE:
        refused(sandbox, req, visit, "code-wrong", "That code is not right.");
        break;
    default:
        break;
    }
}

static bool answers(mk_httpd_req *req, const char *name, const char *right)
{
    const char *answer = mk_httpd_field(req, name);
    if (!answer)
        return false;
    answer += strspn(answer, " ");
    size_t len = strlen(right);
    return strncasecmp(answer, right, len) == 0 && answer[len + strspn(answer + len, " ")] == 0;
}

static void take_answers(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    bool two = visit->scenario->factor == SB_QUESTIONS;
    if (answers(req, "pet", "Biscuit") && (!two || answers(req, "street", "Lantern")))
        mk_sb_passed_factor(sandbox, req, visit);
    else
        refused(sandbox, req, visit, "answer-wrong", "That is not the answer we have.");
}

static enum sb_decision decision(mk_sandbox *sandbox, const sb_visit *visit)
{
    const sb_message *message = mk_sb_message(sandbox, visit->approval);
    if (!message || mk_sb_now() >= message->at + sandbox->options.code_seconds)
        return SB_NO_DECISION;
    return message->decision;
}

static void take_approval(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    switch (decision(sandbox, visit)) {
    case SB_APPROVED:
        mk_sb_passed_factor(sandbox, req, visit);
        break;
    case SB_WAITING:
        flash(visit, "not-yet", "It has not been approved yet.");
        mk_sb_go(sandbox, req, visit, "/verify");
        break;
    case SB_DENIED:
        start_over(sandbox, req, visit, "denied", "The request was denied on the phone.");
        break;
    default:
        start_over(sandbox, req, visit, "approval-expired", "Nobody approved the request in time.");
    }
}

void mk_sb_verify(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_tally *tally = visit->stage == SB_AT_CHOICE || visit->stage == SB_AT_APPROVE ? NULL : mk_sb_tally(sandbox, visit->user);
    if (tally)
        tally->answers++;
    if (!mk_sb_form_ok(sandbox, req, visit))
        return;
    switch (visit->stage) {
    case SB_AT_CHOICE:
        take_choice(sandbox, req, visit);
        break;
    case SB_AT_CODE:
        take_code(sandbox, req, visit);
        break;
    case SB_AT_TOTP:
        take_totp(sandbox, req, visit);
        break;
    case SB_AT_QUESTION:
        take_answers(sandbox, req, visit);
        break;
    case SB_AT_APPROVE:
        take_approval(sandbox, req, visit);
        break;
    default:
        mk_sb_go(sandbox, req, visit, "/login");
    }
}

void mk_sb_resend(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    if (!mk_sb_form_ok(sandbox, req, visit))
        return;
    if (visit->stage == SB_AT_CODE) {
        int err = send_code(sandbox, visit);
        if (err == MK_ENOMEM)
            return;
        if (err)
            flash(visit, "send-limit", "We cannot send another code today. Please try again tomorrow.");
        else
            flash(visit, "sent-again", "We have sent another code. The one before it no longer works.");
    }
    mk_sb_go(sandbox, req, visit, "/verify");
}

void mk_sb_other(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    if (!mk_sb_form_ok(sandbox, req, visit))
        return;
    if (visit->stage == SB_AT_CODE && visit->scenario->factor == SB_CHOICE) {
        visit->stage = SB_AT_CHOICE;
        visit->code[0] = 0;
    }
    mk_sb_go(sandbox, req, visit, "/verify");
}

void mk_sb_approval(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    static const char *const words[] = { [SB_NO_DECISION] = "expired", [SB_WAITING] = "waiting",
                                         [SB_APPROVED] = "approved", [SB_DENIED] = "denied" };
    sb_page json = { .err = MK_OK };
    mk_buf_init(&json.buf, 256);
    enum sb_decision is = visit->stage == SB_AT_APPROVE ? decision(sandbox, visit) : SB_NO_DECISION;
    mk_sb_put(&json, "{\"status\":\"%r\"}", words[is]);
    mk_sb_json_send(sandbox, req, visit, &json, 200);
}
