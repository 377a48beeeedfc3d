/* report.c - one page that shows a session: outcome, exchanges, patterns, questions (layer cli) */
#include "cli/report.h"

#include "base/build.h"
#include "base/err.h"
#include "base/mem.h"

#include <string.h>
#include <time.h>

enum { PAGE_MAX = 256 << 20 };

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* --- the outcome --------------------------------------------------------------- */

static void row(mk_html_out *o, const char *name, const json_t *value)
{
    if (!value || json_is_null(value) || (json_is_object(value) && !json_object_size(value)))
        return;
    mk_out_put(o, "<tr><th scope=\"row\">%s</th><td>", name);
    mk_out_json(o, value);
    mk_out_raw(o, "</td></tr>");
}

static void evidence(mk_html_out *o, const json_t *value)
{
    const char *key;
    json_t *one;
    if (!json_object_size(value))
        return;
    mk_out_raw(o, "<details><summary>Evidence</summary><div class=\"pad scroll\"><table>");
    json_object_foreach((json_t *)value, key, one)
        row(o, key, one);
    mk_out_raw(o, "</table></div></details>");
}

static void failure(mk_html_out *o, const json_t *error)
{
    const json_t *help = json_object_get(error, "help");
    mk_out_put(o, "<section class=\"card outcome is-bad\"><div class=\"pad\"><span class=\"tag bad\">%s</span> <strong>%s</strong>",
               text_at(error, "code"), text_at(error, "message"));
    mk_out_raw(o, "<div class=\"scroll\"><table>");
    row(o, "Where the script stood", json_object_get(error, "script"));
    row(o, "Whose it is", json_object_get(error, "owner"));
    row(o, "Retry", json_object_get(error, "retry"));
    row(o, "What to do", json_object_get(help, "text"));
    row(o, "See", json_object_get(help, "url"));
    mk_out_raw(o, "</table></div></div>");
    evidence(o, json_object_get(error, "evidence"));
    mk_out_raw(o, "</section>");
}

static void address(mk_html_out *o, const json_t *value)
{
    static const char *const keys[] = {"line", "street", "unit", "city", "region", "postcode", "country", NULL};
    bool first = true;
    for (size_t i = 0; keys[i]; i++) {
        if (!*text_at(value, keys[i]))
            continue;
        mk_out_put(o, "%r%s", first ? "" : ", ", text_at(value, keys[i]));
        first = false;
    }
}

static void numbers(mk_html_out *o, const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        mk_out_put(o, "%r%s", i ? ", " : "", json_is_string(one) ? json_string_value(one) : "");
}

static void meters(mk_html_out *o, const json_t *list)
{
    size_t i;
    json_t *one;
    mk_out_put(o, "<section class=\"card outcome is-good\"><div class=\"pad\"><span class=\"tag good\">%d meter%r</span>",
               (int)json_array_size(list), json_array_size(list) == 1 ? "" : "s");
    mk_out_raw(o, "<div class=\"scroll\"><table class=\"meters\"><tr><th>Account</th><th>Service</th><th>Meter</th><th>Address</th><th>Tariff</th><th>Status</th></tr>");
    json_array_foreach(list, i, one) {
        mk_out_put(o, "<tr><td data-label=\"Account\">%s</td><td data-label=\"Service\">%s</td><td data-label=\"Meter\">", text_at(one, "account"), text_at(one, "service"));
        numbers(o, json_object_get(one, "meters"));
        mk_out_raw(o, "</td><td data-label=\"Address\"><span>");
        address(o, json_object_get(one, "address"));
        mk_out_put(o, "</span></td><td data-label=\"Tariff\">%s</td><td data-label=\"Status\">%s</td></tr>", text_at(one, "tariff"), text_at(one, "status"));
    }
    mk_out_raw(o, "</table></div></div></section>");
}

static void parked(mk_html_out *o, const json_t *challenge)
{
    mk_out_put(o, "<section class=\"card outcome is-warn\"><div class=\"pad\"><span class=\"tag warn\">waits for an answer</span> %s <strong>%s</strong></div></section>",
               text_at(challenge, "kind"), text_at(challenge, "prompt"));
}

static void outcome(mk_html_out *o, const json_t *result)
{
    if (json_object_get(result, "error"))
        failure(o, json_object_get(result, "error"));
    else if (json_object_get(result, "meters"))
        meters(o, json_object_get(result, "meters"));
    else if (json_object_get(result, "challenge"))
        parked(o, json_object_get(result, "challenge"));
}

/* --- what happened between the exchanges ------------------------------------------ */

static void challenge(mk_html_out *o, const mk_frame *frame)
{
    static const char *const keys[] = {"message", "medium", "dest", "digits", "choices", "fields", "tries_left", NULL};
    static const char *const words[] = {"Message", "Sent by", "To", "Digits", "Choices", "Fields", "Tries left"};
    mk_out_put(o, "<article class=\"card ask\"><div class=\"pad\"><span class=\"tag warn\">%s%r</span> <strong>%s</strong>",
               text_at(frame->data, "kind"), frame->again ? ", asked again" : "", text_at(frame->data, "prompt"));
    mk_out_raw(o, "<div class=\"scroll\"><table>");
    for (size_t i = 0; keys[i]; i++)
        row(o, words[i], json_object_get(frame->data, keys[i]));
    mk_out_raw(o, "</table></div></div></article>");
}

static void selector(mk_html_out *o, const mk_frame *frame)
{
    const json_t *data = frame->data;
    const json_t *found = json_object_get(data, "found"), *pattern = json_object_get(data, "selector");
    const bool yes = json_is_integer(found) ? json_integer_value(found) > 0 : json_is_true(found);
    mk_out_put(o, "<p class=\"say\">%s <code>", frame->text ? frame->text : "");
    mk_out_json(o, pattern ? pattern : json_object_get(data, "pattern"));
    mk_out_put(o, "</code> <span class=\"%r\">", yes ? "yes" : "noo");
    if (json_is_integer(found) && yes)
        mk_out_put(o, "found %d", (int)json_integer_value(found));
    else
        mk_out_raw(o, yes ? "found" : "found nothing");
    mk_out_put(o, "</span> <code class=\"dim\">%s</code></p>", text_at(data, "where"));
}

static void note(mk_html_out *o, const mk_frame *frame)
{
    if (frame->text && !strcmp(frame->text, "ask"))
        return; /* the challenge says it */
    if (json_object_get(frame->data, "found")) {
        selector(o, frame);
        return;
    }
    mk_out_put(o, "<p class=\"say\">%s <code>", frame->text ? frame->text : "");
    mk_out_json(o, frame->data);
    mk_out_raw(o, "</code></p>");
}

/* An answer to a choice is shown; what a person knows is stars whatever the veil knows. */
static void answer(mk_html_out *o, const mk_frame *frame)
{
    mk_out_raw(o, "<p class=\"say\">The answer: <code>");
    if (json_object_get(frame->data, "resend"))
        mk_out_raw(o, "send it again");
    else if (json_is_true(frame->data))
        mk_out_raw(o, "yes");
    else if (json_object_get(frame->data, "choice"))
        mk_out_json(o, json_object_get(frame->data, "choice"));
    else
        mk_out_raw(o, "***");
    mk_out_raw(o, "</code></p>");
}

static void frame_html(mk_html_out *o, const mk_frame *frame, size_t *hops)
{
    switch (frame->kind) {
    case MK_FRAME_HOP: mk_report_hop(o, frame, ++*hops); break;
    case MK_FRAME_PAGE: mk_report_page(o, frame); break;
    case MK_FRAME_NOTE: note(o, frame); break;
    case MK_FRAME_CHALLENGE: challenge(o, frame); break;
    case MK_FRAME_ANSWER: answer(o, frame); break;
    case MK_FRAME_PROGRESS: mk_out_put(o, "<p class=\"say\">&#8250; %s</p>", frame->text); break;
    case MK_FRAME_LOG: mk_out_put(o, "<p class=\"say\">log: %s</p>", frame->text); break;
    }
}

/* --- the page -------------------------------------------------------------------- */

static void when(mk_html_out *o, const mk_reel *reel)
{
    const time_t seconds = reel->count ? (time_t)(reel->list[0].at_ms / 1000) : 0;
    struct tm tm;
    char text[40];
    if (seconds && gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm))
        mk_out_put(o, " &middot; %s", text);
}

static void head(mk_html_out *o, const mk_reel *reel, const mk_version *version, const json_t *result)
{
    const mk_manifest *manifest = version ? mk_version_manifest(version) : NULL;
    const char *name = manifest ? manifest->name : text_at(result, "utility");
    mk_out_put(o, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                  "<meta name=\"referrer\" content=\"no-referrer\">"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
                  "<title>%s - a session of Meterkey</title><style>%r</style></head>\n<body><main>", name, mk_report_style);
    mk_out_put(o, "<h1>%s</h1><p class=\"dim\">%s &middot; version <code>%s</code>", name, version ? mk_version_file(version) : "",
               text_at(result, "version"));
    if (json_object_get(result, "elapsed_ms"))
        mk_out_put(o, " &middot; %d requests in %d ms", (int)json_integer_value(json_object_get(result, "requests")),
                   (int)json_integer_value(json_object_get(result, "elapsed_ms")));
    when(o, reel);
    mk_out_raw(o, "</p>\n");
}

int mk_report_make(mk_buf *out, const mk_reel *reel, const mk_veil *veil, const mk_version *version, const json_t *result)
{
    mk_html_out o = { .out = out, .veil = veil };
    size_t hops = 0;
    head(&o, reel, version, result);
    outcome(&o, result);
    mk_out_raw(&o, "<h2>What happened</h2>\n");
    for (size_t i = 0; i < reel->count && !o.err; i++)
        frame_html(&o, &reel->list[i], &hops);
    if (reel->failed)
        mk_out_raw(&o, "<p class=\"say noo\">Memory ran out: some of it is missing here.</p>");
    if (!hops)
        mk_out_raw(&o, "<p class=\"say\">No request was made.</p>");
    mk_out_put(&o, "<p class=\"dim\">Meterkey %s. Passwords, answers and what was made from them are masked (***); names, addresses and "
                   "account numbers are as the portal gave them.</p></main></body></html>\n", mk_build_version);
    return o.err;
}

/* --- --report FILE ------------------------------------------------------------------ */

typedef struct report_watch {
    mk_reel reel; /* first: what watches adds to it */
    mk_sink sink;
} report_watch;

static int report_close(void *arg, mk_session *session, const json_t *result)
{
    report_watch *watch = arg;
    mk_buf page;
    mk_veil veil;
    mk_buf_init(&page, PAGE_MAX);
    int err = mk_veil_init(&veil, &watch->reel, mk_session_mask(session));
    if (err)
        return err;
    err = mk_report_make(&page, &watch->reel, &veil, mk_session_version(session), result);
    if (!err)
        err = mk_sink_write(&watch->sink, page.data, page.len);
    mk_buf_free(&page);
    mk_veil_free(&veil);
    return err;
}

static void report_free(void *arg)
{
    report_watch *watch = arg;
    mk_reel_free(&watch->reel);
    mk_sink_close(&watch->sink);
    mk_free(watch);
}

int mk_report_watch(mk_watch **list, const char *path)
{
    report_watch *watch = mk_calloc(1, sizeof *watch);
    if (!watch)
        return MK_ENOMEM;
    mk_reel_init(&watch->reel, 0);
    mk_watch ops = { .close = report_close, .free = report_free, .name = path };
    mk_reel_watch(&watch->reel, &ops);
    int err = mk_sink_open(&watch->sink, path);
    if (!err)
        err = mk_watch_add(list, &ops);
    if (err)
        report_free(watch);
    return err;
}
