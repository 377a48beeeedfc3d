/* outbound.c - webhooks and mails that leave the service (layer service) */
#include "service/outbound.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "net/hop.h"
#include "net/post.h"
#include "service/mailbox.h"
#include "service/mime.h"
#include "service/own.h"

#include <stdio.h>
#include <string.h>

enum { WEBHOOK, MAIL, KINDS, ORIGINS = 64, PASSWORD_MAX = 1024, MESSAGE_MAX = 4 << 20 };
static const char *const kinds[KINDS] = { "webhook", "mail" };
static const unsigned at_once[KINDS] = { 16, 4 }, held[KINDS] = { 40, 20 }; /* held: with those that wait here, the others in the store */

typedef struct job {
    mk_outbound *outbound;
    int kind;
    json_t *action;
    mk_post *post; /* under way: this or filing */
    mk_filing *filing;
    struct job *next;
} job;

struct mk_outbound {
    mk_service *service;
    mk_net *net;
    job *waiting[KINDS], **last[KINDS], *running[KINDS];
    unsigned count[KINDS]; /* running */
    char *password;        /* of the mail server */
    const char *opened[ORIGINS + 1];
    bool stopped;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static const char *setting(const mk_outbound *outbound, const char *name)
{
    return mk_config_text(outbound->service->config, name);
}

/* --- how it went ---------------------------------------------------------------------- */

static void job_free(job *j)
{
    mk_post_cancel(j->post);
    mk_filing_leave(j->filing);
    json_decref(j->action);
    mk_free(j);
}

/* error NULL: it arrived. status 0: there is none. */
static void tell(mk_outbound *outbound, const job *j, int status, const char *error)
{
    json_t *input = json_pack("{s:s, s:s, s:b}", "kind", kinds[j->kind], "uid", text_of(j->action, "uid"), "ok", error == NULL);
    if (input && status)
        json_object_set_new(input, "status", json_integer(status));
    if (input && error)
        json_object_set_new(input, "error", json_string(error));
    if (input)
        mk_unit_run_patient(outbound->service, "delivered", input, true);
}

static void next(mk_outbound *outbound, int kind);

/* It was under way; status and error as in tell. */
static void finished(job *j, int status, const char *error)
{
    mk_outbound *outbound = j->outbound;
    const int kind = j->kind;
    for (job **at = &outbound->running[kind]; *at; at = &(*at)->next) {
        if (*at == j) {
            *at = j->next;
            break;
        }
    }
    outbound->count[kind]--;
    tell(outbound, j, status, error);
    job_free(j);
    next(outbound, kind);
}

static void on_done(void *arg, const mk_response *response)
{
    char other[80];
    job *j = arg;
    const int status = response->status;
    const char *error = response->fault ? response->detail : NULL;
    j->post = NULL; /* it is gone already */
    if (!error && j->kind == WEBHOOK && (status < 200 || status > 299)) {
        snprintf(other, sizeof other, status < 400 && status > 299 ? "status %d: a redirect is not followed" : "status %d", status);
        error = other;
    }
    finished(j, status, error && !*error ? response->fault : error);
}

/* --- webhooks ---------------------------------------------------------------------------- */

static int read_headers(mk_headers *out, const json_t *given)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)given, name, value)
    {
        const char *text = json_string_value(value);
        if (!text || !mk_header_valid(name, text, json_string_length(value)) || !mk_hop_settable(name))
            return MK_EINVAL;
        if (mk_headers_add(out, name, text, json_string_length(value), true))
            return MK_ENOMEM;
    }
    return MK_OK;
}

static int send_webhook(mk_outbound *outbound, job *j, const char **error)
{
    mk_headers headers = { 0 };
    const json_t *body = json_object_get(j->action, "body");
    int err = read_headers(&headers, json_object_get(j->action, "headers"));
    if (err == MK_EINVAL)
        *error = "a header that cannot be sent";
    const mk_webhook webhook = { .url = text_of(j->action, "url"), .headers = &headers, .body = text_of(j->action, "body"),
                                 .len = json_string_length(body), .opened = outbound->opened };
    if (!err)
        err = mk_post_webhook(&j->post, outbound->net, &webhook, on_done, j);
    mk_headers_free(&headers);
    return err;
}

/* --- mails ----------------------------------------------------------------------------------- */

static int write_mail(const mk_outbound *outbound, const job *j, mk_buf *out, const char **error)
{
    uint8_t random[12];
    char token[2 * sizeof random + 1];
    mk_random_fill(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(token + 2 * i, 3, "%02x", random[i]);
    const char *from = setting(outbound, "mail_from"), *html = text_of(j->action, "html");
    const mk_mime mail = { .from = from ? from : "", .to = text_of(j->action, "to"), .subject = text_of(j->action, "subject"),
                           .text = text_of(j->action, "text"), .html = *html ? html : NULL, .token = token, .now = mk_clock_wall_ms() / 1000 };
    const int err = mk_mime_build(out, &mail);
    if (err == MK_EPARSE)
        *error = "that is no mail address";
    return err;
}

static int by_smtp(mk_outbound *outbound, job *j, const mk_buf *text)
{
    mk_buf from, to;
    mk_buf_init(&from, 1024);
    mk_buf_init(&to, 1024);
    int err = mk_mime_address(&from, setting(outbound, "mail_from"));
    if (!err)
        err = mk_mime_address(&to, text_of(j->action, "to"));
    const mk_mail mail = { .server = setting(outbound, "smtp"), .user = setting(outbound, "smtp_user"), .password = outbound->password,
                           .from = from.data, .to = to.data, .text = text->data, .len = text->len };
    if (!err)
        err = mk_post_mail(&j->post, outbound->net, &mail, on_done, j);
    mk_buf_free(&from);
    mk_buf_free(&to);
    return err;
}

static void on_filed(void *arg, int err)
{
    job *j = arg;
    j->filing = NULL;
    finished(j, 0, err ? "the mail could not be put into its folder" : NULL);
}

static int by_folder(mk_outbound *outbound, job *j, mk_buf *text)
{
    const char *folder = setting(outbound, "mail_folder");
    return mk_filing_begin(&j->filing, outbound->service->loop, folder ? folder : "mail", text_of(j->action, "uid"), text, on_filed, j);
}

/* MK_OK: it is under way. *error: why not, where there are better words than those of the number. */
static int send_mail(mk_outbound *outbound, job *j, const char **error)
{
    mk_buf text;
    mk_buf_init(&text, MESSAGE_MAX);
    int err = write_mail(outbound, j, &text, error);
    if (!err)
        err = setting(outbound, "smtp") ? by_smtp(outbound, j, &text) : by_folder(outbound, j, &text);
    mk_buf_free(&text);
    return err;
}

/* --- one after the other --------------------------------------------------------------------- */

static void try(mk_outbound *outbound, job *j)
{
    const char *error = NULL;
    const int err = j->kind == WEBHOOK ? send_webhook(outbound, j, &error) : send_mail(outbound, j, &error);
    if (!err) {
        j->next = outbound->running[j->kind];
        outbound->running[j->kind] = j;
        outbound->count[j->kind]++;
        return;
    }
    tell(outbound, j, 0, error ? error : mk_err_text(err));
    job_free(j);
}

static void next(mk_outbound *outbound, int kind)
{
    while (!outbound->stopped && outbound->waiting[kind] && outbound->count[kind] < at_once[kind]) {
        job *j = outbound->waiting[kind];
        outbound->waiting[kind] = j->next;
        if (!j->next)
            outbound->last[kind] = &outbound->waiting[kind];
        j->next = NULL;
        try(outbound, j);
    }
}

static bool has_mail(job *list, const char *uid)
{
    for (; list; list = list->next)
        if (strcmp(text_of(list->action, "uid"), uid) == 0)
            return true;
    return false;
}

/* A server that takes its time may have the first try of a mail still when the next one is due. */
static bool under_way(const mk_outbound *outbound, int kind, const json_t *action)
{
    const char *uid = text_of(action, "uid");
    return kind == MAIL && (has_mail(outbound->running[kind], uid) || has_mail(outbound->waiting[kind], uid));
}

static void add(mk_outbound *outbound, int kind, json_t *action)
{
    if (outbound && under_way(outbound, kind, action))
        return;
    job *j = outbound && !outbound->stopped ? mk_calloc(1, sizeof *j) : NULL;
    if (!j) {
        mk_log(MK_LOG_WARN, kinds[kind], "not sent now, it stays in the store: no service runs here, it is stopping, or out of memory");
        return;
    }
    *j = (job){ .outbound = outbound, .kind = kind, .action = json_incref(action) };
    *outbound->last[kind] = j;
    outbound->last[kind] = &j->next;
    next(outbound, kind);
}

void mk_outbound_webhook(mk_outbound *outbound, json_t *action)
{
    add(outbound, WEBHOOK, action);
}

void mk_outbound_mail(mk_outbound *outbound, json_t *action)
{
    add(outbound, MAIL, action);
}

static json_int_t room(const mk_outbound *outbound, int kind)
{
    size_t taken = outbound->count[kind] + mk_unit_asked(outbound->service, kinds[kind]);
    for (const job *j = outbound->waiting[kind]; j; j = j->next)
        taken++;
    return taken < held[kind] && !outbound->stopped ? (json_int_t)(held[kind] - taken) : 0;
}

static int add_uids(json_t *list, const job *j)
{
    for (; j; j = j->next)
        if (json_array_append(list, json_object_get(j->action, "uid")))
            return MK_ENOMEM;
    return MK_OK;
}

json_t *mk_outbound_room(const mk_outbound *outbound)
{
    json_t *mails = json_array();
    if (outbound && (add_uids(mails, outbound->running[MAIL]) || add_uids(mails, outbound->waiting[MAIL]))) {
        json_decref(mails);
        return NULL;
    }
    return json_pack("{s:I, s:I, s:o}", "webhook", outbound ? room(outbound, WEBHOOK) : 0, "mail", outbound ? room(outbound, MAIL) : 0,
                     "mails", mails);
}

/* --- life ------------------------------------------------------------------------------------ */

static int read_password(mk_outbound *outbound, char *why)
{
    char text[PASSWORD_MAX] = "";
    const char *file = setting(outbound, "smtp_password_file");
    FILE *in = file ? fopen(file, "rb") : NULL;
    if (!file)
        return MK_OK;
    if (!in || !fgets(text, sizeof text, in)) {
        snprintf(why, MK_SERVICE_WHY, "smtp_password_file: %.200s cannot be read, or is empty", file);
        if (in)
            fclose(in); /* read only */
        return MK_EIO;
    }
    fclose(in); /* read only */
    text[strcspn(text, "\r\n")] = '\0';
    outbound->password = mk_strdup(text);
    explicit_bzero(text, sizeof text);
    return outbound->password ? MK_OK : MK_ENOMEM;
}

static int read_settings(mk_outbound *outbound, char *why)
{
    size_t i, count = 0;
    json_t *one;
    const char *server = setting(outbound, "smtp"), *from = setting(outbound, "mail_from");
    mk_buf address;
    json_array_foreach(json_object_get(outbound->service->config, "webhook_origins"), i, one)
        if (json_is_string(one) && count < ORIGINS)
            outbound->opened[count++] = json_string_value(one);
    if (server && !mk_post_is_server(server)) {
        snprintf(why, MK_SERVICE_WHY, "smtp: '%.200s' is not smtp://HOST:PORT or smtps://HOST", server);
        return MK_EPARSE;
    }
    mk_buf_init(&address, 1024);
    const int err = mk_mime_address(&address, from ? from : "");
    mk_buf_free(&address);
    if (err) {
        snprintf(why, MK_SERVICE_WHY, "mail_from: '%.200s' is no mail address", from ? from : "");
        return err;
    }
    return read_password(outbound, why);
}

int mk_outbound_new(mk_outbound **out, mk_service *service, char *why)
{
    mk_outbound *outbound = mk_calloc(1, sizeof *outbound);
    if (!outbound)
        return MK_ENOMEM;
    outbound->service = service;
    for (int kind = 0; kind < KINDS; kind++)
        outbound->last[kind] = &outbound->waiting[kind];
    int err = read_settings(outbound, why);
    const mk_net_options options = { .cacert = setting(outbound, "cacert") };
    if (!err && (err = mk_net_new(&outbound->net, service->loop, &options)))
        snprintf(why, MK_SERVICE_WHY, "cacert: %.200s: %s", options.cacert ? options.cacert : "", mk_err_text(err));
    if (err)
        mk_outbound_free(outbound);
    else
        *out = outbound;
    return err;
}

static void drop_all(job **list)
{
    for (job *j = *list, *after; j; j = after) {
        after = j->next;
        job_free(j);
    }
    *list = NULL;
}

void mk_outbound_stop(mk_outbound *outbound)
{
    if (!outbound)
        return;
    outbound->stopped = true;
    for (int kind = 0; kind < KINDS; kind++) {
        drop_all(&outbound->waiting[kind]);
        drop_all(&outbound->running[kind]);
        outbound->last[kind] = &outbound->waiting[kind];
    }
}

void mk_outbound_free(mk_outbound *outbound)
{
    if (!outbound)
        return;
    mk_outbound_stop(outbound);
    mk_net_free(outbound->net);
    mk_free(outbound->password);
    mk_free(outbound);
}
