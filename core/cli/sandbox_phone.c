/* sandbox_phone.c - the customer's phone at DEMO, and the page that lists the user names (layer cli) */
#include "base/codec.h"
#include "base/err.h"
#include "cli/sandbox_int.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MAX_WAIT = 300 };

static void index_row(sb_page *page, const sb_scenario *row)
{
    mk_sb_put(page, "<tr><td><code>%s</code></td><td>%s</td><td data-label=\"Ends with\">%s</td>", row->name, row->what,
              row->ends);
    mk_sb_put(page, "<td data-label=\"To do\">%s</td></tr>\n", row->hint);
}

void mk_sb_index(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    const sb_scenario *row;
    mk_sb_page_begin(&page, "A utility to try things with", "wide", 0);
    mk_sb_put(&page, "<p><a href=\"/login\">Sign in</a> as one of the customers below. Any password is right but "
                     "<code>wrong</code>. What the customer receives is on <a href=\"/phone\">the phone page</a>.</p>\n"
                     "<p class=\"soft\">Case does not matter, <code>UAPI_TEST_</code> may stand before a name, and "
                     "<code>-anything</code> after it gives a customer with a phone of their own. Any other name is "
                     "<code>residential</code>.</p>\n"
                     "<div class=\"scroll\"><table class=\"cards\">\n<thead><tr><th>User name</th><th>What happens</th>"
                     "<th>Ends with</th><th>To do</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; (row = mk_sb_scenario_at(i)); i++)
        index_row(&page, row);
    mk_sb_put(&page, "</tbody>\n</table></div>\n");
    mk_sb_page_send(sandbox, req, visit, &page, 200);
}

/* --- the page ---------------------------------------------------------- */

static void decide_form(sb_page *page, const sb_message *message, const char *decision, const char *label,
                        const char *css_class)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRIu64, message->id);
    mk_sb_put(page, "<form class=\"line\" method=\"post\" action=\"/phone/decide\">"
                    "<input type=\"hidden\" name=\"id\" value=\"%s\"><input type=\"hidden\" name=\"token\" value=\"%s\">",
              id, message->token);
    mk_sb_put(page, "<input type=\"hidden\" name=\"user\" value=\"%s\"><input type=\"hidden\" name=\"decision\" value=\"%s\">"
                    "<button class=\"%s\">%s</button></form>\n", message->user, decision, css_class, label);
}

static void message_item(sb_page *page, const sb_message *message, bool newest)
{
    static const char *const decided[] = { "", "", "You approved it.", "You denied it." };
    char clock[16] = "";
    struct tm parts;
    time_t at = (time_t)message->at;
    if (localtime_r(&at, &parts))
        strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    mk_sb_put(page, "<li class=\"%s\"><span class=\"soft\">%s, %s</span><br>%s\n", newest ? "new" : "", message->kind,
              clock, message->text);
    if (message->code[0])
        mk_sb_put(page, "<span class=\"big\">%s</span>", message->code);
    if (message->decision == SB_WAITING) {
        mk_sb_put(page, "<br>");
        decide_form(page, message, "approve", "Approve", "");
        decide_form(page, message, "deny", "Deny", "second");
    } else if (message->decision != SB_NO_DECISION) {
        mk_sb_put(page, "<p>%s</p>", decided[message->decision]);
    }
    mk_sb_put(page, "</li>\n");
}

static void notes(sb_page *page, const char *user)
{
    enum sb_factor factor = mk_sb_scenario_of(user)->factor;
    char code[7] = "";
    if (factor == SB_TOTP && !mk_sb_totp_code(mk_sb_now() / 30, code))
        mk_sb_put(page, "<h2>Authenticator</h2>\n<p><span class=\"big\" id=\"totp-code\">%s</span>\n"
                        "<span class=\"soft\">%d s left; secret <code id=\"totp-secret\">%s</code></span></p>\n", code,
                  (int)(30 - mk_sb_now() % 30), mk_sb_totp_secret);
    if (factor == SB_QUESTION || factor == SB_QUESTIONS)
        mk_sb_put(page, "<h2>Notes</h2>\n<p>First pet: <kbd>Biscuit</kbd><br>Street I grew up in: <kbd>Lantern</kbd></p>\n");
}

static void choose_phone(mk_sandbox *sandbox, mk_httpd_req *req)
{
    sb_page page;
    mk_sb_page_begin(&page, "Whose phone?", "", 0);
    mk_sb_put(&page, "<form method=\"get\" action=\"/phone\"><label for=\"user\">User name</label>"
                     "<input id=\"user\" name=\"user\" type=\"text\" autocapitalize=\"none\" maxlength=\"64\" required>"
                     "<button>Show</button></form>\n");
    mk_sb_page_send(sandbox, req, NULL, &page, 200);
}

void mk_sb_phone(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page page;
    const char *user = mk_httpd_query(req, "user");
    bool any = false;
    (void)visit;
    if (!user || !user[0]) {
        choose_phone(sandbox, req);
        return;
    }
    mk_sb_page_begin(&page, "Phone", "phone", 3);
    mk_sb_put(&page, "<p class=\"soft\">of <strong>%s</strong>; newest first, looks again every 3 seconds</p>\n", user);
    notes(&page, user);
    mk_sb_put(&page, "<ol class=\"messages\">\n");
    for (const sb_message *message = sandbox->messages; message; message = message->next) {
        if (strcasecmp(message->user, user) != 0)
            continue;
        message_item(&page, message, !any);
        any = true;
    }
    mk_sb_put(&page, "</ol>\n%r", any ? "" : "<p>Nothing has arrived yet.</p>\n");
    mk_sb_page_send(sandbox, req, NULL, &page, 200);
}

void mk_sb_phone_decide(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    const char *id = mk_httpd_field(req, "id"), *decision = mk_httpd_field(req, "decision");
    sb_message *message = id ? mk_sb_message(sandbox, strtoull(id, NULL, 10)) : NULL;
    bool yes = mk_sb_same(decision, "approve"), no = mk_sb_same(decision, "deny");
    (void)visit;
    if (!message || !mk_sb_same(mk_httpd_field(req, "token"), message->token) ||
        !mk_sb_same(mk_httpd_field(req, "user"), message->user) || message->decision != SB_WAITING || !(yes || no)) {
        mk_sb_say(sandbox, req, NULL, 400, "That cannot be decided", "bad-form", "It was decided before, or is not there.");
        return;
    }
    message->decision = yes ? SB_APPROVED : SB_DENIED;
    mk_buf to;
    mk_buf_init(&to, 512);
    if (!mk_buf_adds(&to, "/phone?user=") && !mk_percent_encode(&to, message->user, strlen(message->user), false))
        mk_sb_go(sandbox, req, NULL, to.data);
    mk_buf_free(&to);
}

/* --- for programs ------------------------------------------------------ */

static void json_string(sb_page *json, const char *key, const char *value)
{
    mk_sb_put(json, ",\"%r\":\"", key);
    if (!json->err)
        json->err = mk_json_escape(&json->buf, value, strlen(value));
    mk_sb_put(json, "\"");
}

static void json_message(sb_page *json, const sb_message *message)
{
    static const char *const words[] = { "", "waiting", "approved", "denied" };
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, message->id);
    mk_sb_put(json, "{\"id\":%r", number);
    json_string(json, "kind", message->kind);
    json_string(json, "text", message->text);
    json_string(json, "code", message->code);
    snprintf(number, sizeof number, "%" PRId64, message->at);
    mk_sb_put(json, ",\"at\":%r", number);
    if (message->decision != SB_NO_DECISION) {
        json_string(json, "decision", words[message->decision]);
        json_string(json, "token", message->token);
    }
    mk_sb_put(json, "}");
}

static void json_phone(mk_sandbox *sandbox, sb_page *json, const char *user, uint64_t after)
{
    const char *comma = "";
    char code[7] = "";
    json->err = MK_OK;
    mk_buf_init(&json->buf, 1 << 20);
    mk_sb_put(json, "{\"messages\":[");
    for (const sb_message *message = sandbox->messages; message; message = message->next) {
        if (message->id <= after || strcasecmp(message->user, user) != 0)
            continue;
        mk_sb_put(json, comma);
        json_message(json, message);
        comma = ",";
    }
    const sb_tally *tally = mk_sb_tally(sandbox, user);
    mk_sb_put(json, "],\"arrived\":{\"passwords\":%d,\"answers\":%d}", tally ? tally->passwords : 0, tally ? tally->answers : 0);
    if (mk_sb_scenario_of(user)->factor == SB_TOTP && !mk_sb_totp_code(mk_sb_now() / 30, code))
        mk_sb_put(json, ",\"totp\":{\"secret\":\"%r\",\"code\":\"%r\"}", mk_sb_totp_secret, code);
    mk_sb_put(json, "}\n");
}

static bool has_news(const mk_sandbox *sandbox, const char *user, uint64_t after)
{
    for (const sb_message *message = sandbox->messages; message; message = message->next)
        if (message->id > after && strcasecmp(message->user, user) == 0)
            return true;
    return false;
}

static void answer_watch(sb_late *late)
{
    sb_page json;
    json_phone(late->sandbox, &json, late->user, late->after);
    if (json.err || mk_httpd_answer(late->req, 200, "application/json", json.buf.data, json.buf.len))
        mk_httpd_answer(late->req, 500, NULL, NULL, 0);
    mk_buf_free(&json.buf);
    mk_sb_late_end(late);
}

void mk_sb_phone_wake(mk_sandbox *sandbox)
{
    for (sb_late *late = sandbox->late, *next; late; late = next) {
        next = late->next;
        if (late->user[0] && has_news(sandbox, late->user, late->after))
            answer_watch(late);
    }
}

static long number_of(mk_httpd_req *req, const char *name, long most)
{
    const char *text = mk_httpd_query(req, name);
    long number = text ? strtol(text, NULL, 10) : 0;
    return number < 0 ? 0 : number > most ? most : number;
}

void mk_sb_phone_json(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit)
{
    sb_page json;
    sb_late *late = NULL;
    const char *user = mk_httpd_query(req, "user");
    uint64_t after = (uint64_t)number_of(req, "after", 1000000000);
    int wait = (int)number_of(req, "wait", MAX_WAIT);
    (void)visit;
    if (!user || !user[0] || strlen(user) >= SB_USER) {
        mk_sb_say(sandbox, req, NULL, 400, "Whose phone?", "bad-form", "The address needs ?user=NAME.");
        return;
    }
    if (wait && !has_news(sandbox, user, after)) {
        if (mk_sb_late_new(sandbox, req, wait * 1000, answer_watch, &late))
            return;
        snprintf(late->user, sizeof late->user, "%s", user);
        late->after = after;
        return;
    }
    json_phone(sandbox, &json, user, after);
    mk_sb_json_send(sandbox, req, NULL, &json, 200);
}
