/* recordcase.c - from what a run showed to a scrubbed case that plays (layer cli) */
#include "cli/record.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

typedef struct making {
    const mk_recording *from;
    mk_scrub *scrub;
    json_t *credentials, *answers, *exchanges; /* scrubbed */
    size_t words;           /* names and streets so far */
    const json_t *personal; /* the meters whose owner is made unknown, or NULL */
} making;

enum { SHORTEST = 5 }; /* bytes of a number that is replaced: shorter ones are words of the pages */

/* --- learning what is secret -------------------------------------------------- */

static const mk_credential_field *field_of(const mk_manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->credential_count; i++)
        if (!strcmp(manifest->credentials[i].name, name))
            return &manifest->credentials[i];
    return NULL;
}

static int learn_credentials(making *m)
{
    const mk_manifest *manifest = mk_version_manifest(m->from->version);
    const char *name;
    json_t *value;
    char as[600];
    json_object_foreach((json_t *)m->from->credentials, name, value) {
        const mk_credential_field *field = field_of(manifest, name);
        const bool totp = !strcmp(name, "totp_secret"); /* must be base32 */
        if (totp)
            snprintf(as, sizeof as, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        else
            mk_scrub_credential_as(m->scrub, name, !field || field->secret, json_string_value(value), as, sizeof as);
        if (mk_scrub_add(m->scrub, json_string_value(value), as) || json_object_set_new(m->credentials, name, json_string(as)))
            return MK_ENOMEM;
    }
    return MK_OK;
}

static int learn_answer(making *m, const json_t *value)
{
    char as[600];
    const char *key;
    json_t *one;
    if (json_is_string(value)) {
        mk_scrub_answer_as(m->scrub, json_string_value(value), as, sizeof as);
        return mk_scrub_add(m->scrub, json_string_value(value), as);
    }
    json_object_foreach(json_object_get(value, "fields"), key, one)
        if (learn_answer(m, one))
            return MK_ENOMEM;
    return MK_OK; /* choices are words of the page */
}

/* Whether the challenge before frame i takes what the customer knows: an id that was chosen is no secret. */
static bool asks_secret(const mk_reel *reel, size_t i)
{
    while (i-- > 0) {
        if (reel->list[i].kind != MK_FRAME_CHALLENGE)
            continue;
        const char *kind = json_string_value(json_object_get(reel->list[i].data, "kind"));
        return !kind || (strcmp(kind, "select") != 0 && strcmp(kind, "acknowledge") != 0);
    }
    return true;
}

/* The length of `number` at the beginning of text, where it is written with dashes or blanks between; 0 if it is another. */
static size_t written_at(const char *text, size_t len, const char *number)
{
    size_t at = 0;
    bool parted = false;
    for (; *number && at < len; number++, at++) {
        if (at && (text[at] == '-' || text[at] == ' ') && at + 1 < len) {
            parted = true;
            at++;
        }
        if (text[at] != *number)
            return 0;
    }
    return !*number && parted ? at : 0;
}

/* An adapter takes a number without the dashes that the portal writes: those ways are learned, too. */
static int learn_written(making *m, const char *number)
{
    const mk_reel *reel = m->from->reel;
    int err = MK_OK;
    for (size_t i = 0; i < reel->count && !err; i++) {
        const mk_buf *body = &reel->list[i].response.body;
        if (reel->list[i].kind != MK_FRAME_HOP)
            continue;
        for (size_t at = 0; at < body->len && !err; at++) {
            const size_t len = written_at(body->data + at, body->len - at, number);
            err = len ? mk_scrub_token(m->scrub, body->data + at, len) : MK_OK;
        }
    }
    return err;
}

/* Numbers keep their shape. */
static int learn_number(making *m, const json_t *value)
{
    const size_t len = json_string_length(value);
    if (len < SHORTEST)
        return MK_OK;
    const int err = mk_scrub_token(m->scrub, json_string_value(value), len);
    return err ? err : learn_written(m, json_string_value(value));
}

static int learn_words(making *m, const json_t *value, const char *front, const char *back)
{
    char as[100];
    const char *text = json_string_value(value);
    if (json_string_length(value) < SHORTEST || mk_scrub_known(m->scrub, text, strlen(text)))
        return MK_OK;
    snprintf(as, sizeof as, "%s%zu%s", front, ++m->words, back);
    return mk_scrub_add(m->scrub, text, as);
}

static int learn_address(making *m, const json_t *address)
{
    int err = learn_words(m, json_object_get(address, "street"), "", " Example Street");
    return err ? err : learn_words(m, json_object_get(address, "line"), "", " Example Street, Elmsworth, NY 12999");
}

/* Whose account it is: what the meters say of it, wherever it stands. */
static int learn_meter(making *m, const json_t *meter)
{
    static const char *const numbers[] = {"account", "account_id", "point", NULL};
    const json_t *list = json_object_get(meter, "meters");
    int err = learn_words(m, json_object_get(meter, "name"), "Customer ", "");
    for (size_t i = 0; numbers[i] && !err; i++)
        err = learn_number(m, json_object_get(meter, numbers[i]));
    for (size_t i = 0; i < json_array_size(list) && !err; i++)
        err = learn_number(m, json_array_get(list, i));
    if (!err)
        err = learn_address(m, json_object_get(meter, "address"));
    return err ? err : learn_address(m, json_object_get(meter, "billing_address"));
}

static int learn(making *m)
{
    const mk_reel *reel = m->from->reel;
    int err = learn_credentials(m);
    for (size_t i = 0; i < json_array_size(m->personal) && !err; i++)
        err = learn_meter(m, json_array_get(m->personal, i));
    for (size_t i = 0; i < reel->count && !err; i++)
        if (reel->list[i].kind == MK_FRAME_ANSWER && asks_secret(reel, i))
            err = learn_answer(m, reel->list[i].data);
    for (size_t i = 0; i < reel->count && !err; i++) {
        const mk_frame *hop = &reel->list[i];
        if (hop->kind != MK_FRAME_HOP)
            continue;
        err = mk_scrub_sent(m->scrub, &hop->request);
        if (!err)
            err = mk_scrub_learn(m->scrub, &hop->request, &hop->response);
    }
    return err ? err : mk_scrub_ready(m->scrub);
}

/* --- scrubbing ------------------------------------------------------------------- */

/* text without its secrets: placeholders, and stars for what only the session knows (a password's hash). */
static int clean(const making *m, const char *text, size_t len, mk_buf *out)
{
    mk_buf scrubbed;
    mk_buf_init(&scrubbed, SIZE_MAX / 4);
    int err = mk_scrub_text(m->scrub, text, len, &scrubbed);
    if (!err)
        err = mk_mask_apply(m->from->mask, scrubbed.data, scrubbed.len, out);
    mk_buf_free(&scrubbed);
    return err;
}

static json_t *clean_value(const making *m, const json_t *value);

static json_t *clean_object(const making *m, const json_t *value)
{
    json_t *out = json_object();
    const char *key;
    json_t *one;
    json_object_foreach((json_t *)value, key, one) {
        if (json_object_set_new_nocheck(out, key, clean_value(m, one))) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* An answer with its strings cleaned. */
static json_t *clean_value(const making *m, const json_t *value)
{
    mk_buf text;
    if (json_is_object(value))
        return clean_object(m, value);
    if (!json_is_string(value))
        return json_copy((json_t *)value);
    mk_buf_init(&text, SIZE_MAX / 4);
    json_t *out = clean(m, json_string_value(value), json_string_length(value), &text) ? NULL : json_stringn_nocheck(text.data, text.len);
    mk_buf_free(&text);
    return out;
}

/* Cleans what may hold secrets of a response, in a copy. */
static int clean_response(const making *m, const mk_response *from, mk_response *to)
{
    mk_buf value;
    mk_buf_init(&value, SIZE_MAX / 4);
    to->status = from->status;
    to->fault = from->fault;
    snprintf(to->detail, sizeof to->detail, "%s", from->detail);
    int err = clean(m, from->body.data, from->body.len, &to->body);
    for (size_t i = 0; i < from->headers.count && !err; i++) {
        const mk_header *header = &from->headers.list[i];
        mk_buf_clear(&value);
        err = clean(m, header->value, header->value_len, &value);
        if (!err)
            err = mk_headers_add(&to->headers, header->name, value.data, value.len, false);
    }
    mk_buf_free(&value);
    return err;
}

static int clean_url(const making *m, const mk_request *from, mk_request *to)
{
    mk_buf url;
    mk_buf_init(&url, SIZE_MAX / 4);
    int err = clean(m, from->url, strlen(from->url), &url);
    to->url = err ? NULL : mk_memdup(url.data, url.len);
    to->method = err ? NULL : mk_strdup(from->method);
    mk_buf_free(&url);
    return err ? err : to->url && to->method ? MK_OK : MK_ENOMEM;
}

static int add_exchange(making *m, const mk_frame *hop)
{
    mk_request request = { 0 };
    mk_response response;
    mk_response_init(&response, SIZE_MAX / 4);
    int err = clean_url(m, &hop->request, &request);
    if (!err)
        err = clean_response(m, &hop->response, &response);
    if (!err && json_array_append_new(m->exchanges, json_pack("{s:o, s:o}", "request", mk_case_request(&request), "response",
                                                              mk_case_response(&response))))
        err = MK_ENOMEM;
    mk_request_free(&request);
    mk_response_free(&response);
    return err;
}

/* A poll that said the same as the one before adds nothing. */
static bool repeats(const mk_frame *last, const mk_frame *hop)
{
    return last && last->poll && hop->poll && !strcmp(last->request.url, hop->request.url) && last->response.status == hop->response.status &&
           last->response.body.len == hop->response.body.len && !memcmp(last->response.body.data, hop->response.body.data, hop->response.body.len);
}

static int clean_all(making *m)
{
    const mk_reel *reel = m->from->reel;
    const mk_frame *last = NULL;
    int err = MK_OK;
    for (size_t i = 0; i < reel->count && !err; i++) {
        const mk_frame *frame = &reel->list[i];
        if (frame->kind == MK_FRAME_ANSWER && json_array_append_new(m->answers, clean_value(m, frame->data)))
            err = MK_ENOMEM;
        if (frame->kind != MK_FRAME_HOP || repeats(last, frame))
            continue;
        last = frame;
        err = err ? err : frame->cut ? MK_ELIMIT : add_exchange(m, frame);
    }
    return err;
}

/* --- the case ---------------------------------------------------------------------- */

static json_t *document(const making *m)
{
    mk_buf seed;
    mk_buf_init(&seed, 80);
    json_t *out = NULL;
    if (!mk_hex_encode(&seed, m->from->seed, 32))
        out = json_pack("{s:i, s:s, s:s, s:I, s:s, s:s*, s:O, s:O, s:O, s:[], s:{}}", "format", MK_CASE_FORMAT, "adapter",
                        mk_version_manifest(m->from->version)->id, "case", m->from->name, "now_ms", (json_int_t)m->from->now_ms, "seed",
                        seed.data, "mfa", m->from->mfa, "credentials", m->credentials, "answers", m->answers, "exchanges", m->exchanges,
                        "challenges", "outcome");
    mk_buf_free(&seed);
    return out;
}

/* Whether a secret stands in any string of value, keys included. */
static bool leaks(const making *m, const json_t *value, const char **what)
{
    const char *key;
    json_t *one;
    size_t i;
    if (json_is_string(value))
        return mk_scrub_finds(m->scrub, json_string_value(value), json_string_length(value), what) ||
               (*what = "something secret", mk_mask_finds(m->from->mask, json_string_value(value), json_string_length(value)));
    json_array_foreach(value, i, one)
        if (leaks(m, one, what))
            return true;
    json_object_foreach((json_t *)value, key, one)
        if (leaks(m, one, what))
            return true;
    return false;
}

static int prove_clean(const making *m, const json_t *doc, char *why, size_t cap)
{
    static const char *const keys[] = {"credentials", "answers", "exchanges", "challenges", "outcome", NULL};
    const char *what = "";
    for (size_t i = 0; keys[i]; i++)
        if (leaks(m, json_object_get(doc, keys[i]), &what)) {
            snprintf(why, cap, "a secret would still be in its %s, where '%s' should stand", keys[i], what);
            return MK_EPOLICY;
        }
    return MK_OK;
}

static int same_outcome(const json_t *run, const json_t *seen, char *why, size_t cap)
{
    const json_t *got = json_object_get(seen, "outcome"), *error = json_object_get(run, "error");
    const char *code = json_string_value(json_object_get(error, "code")), *now = json_string_value(json_object_get(got, "error"));
    const size_t a = json_array_size(json_object_get(run, "meters")), b = json_array_size(json_object_get(got, "meters"));
    const json_t *stray = json_object_get(seen, "stray");
    if (stray)
        snprintf(why, cap, "scrubbed and played without a network it asks for %s %s, which it did not before",
                 json_string_value(json_object_get(stray, "method")), json_string_value(json_object_get(stray, "url")));
    else if (!code && now)
        snprintf(why, cap, "scrubbed, it ends %s (%s) instead of giving %zu meters", now, json_string_value(json_object_get(got, "message")), a);
    else if (code && (!now || strcmp(code, now) != 0))
        snprintf(why, cap, "scrubbed, it ends %s instead of %s", now ? now : "well", code);
    else if (!code && a != b)
        snprintf(why, cap, "scrubbed, it gives %zu meters instead of %zu", b, a);
    else
        return MK_OK;
    return MK_EDIVERGED;
}

static int finish(making *m, json_t **out, const json_t *outcome, char *why, size_t cap)
{
    json_t *doc = document(m), *seen = NULL, *code = json_object_get(json_object_get(outcome, "error"), "code");
    int err = doc && (!code || !json_object_set(json_object_get(doc, "outcome"), "error", code)) ? MK_OK : MK_ENOMEM;
    if (!err)
        err = mk_case_play(&seen, doc, m->from->version, NULL, why, cap);
    if (!err)
        err = same_outcome(outcome, seen, why, cap);
    if (!err)
        err = mk_case_accept(doc, seen);
    if (!err)
        err = prove_clean(m, doc, why, cap);
    json_decref(seen);
    if (err)
        json_decref(doc);
    else
        *out = doc;
    return err;
}

static int make(json_t **out, const mk_recording *recording, const json_t *outcome, const json_t *personal, char *why, size_t cap)
{
    making m = { .from = recording, .personal = personal, .scrub = mk_scrub_new(), .credentials = json_object(), .answers = json_array(),
                 .exchanges = json_array() };
    int err = m.scrub && m.credentials && m.answers && m.exchanges && !recording->reel->failed ? MK_OK : MK_ENOMEM;
    if (!err)
        err = learn(&m);
    if (!err)
        err = clean_all(&m);
    if (err == MK_ELIMIT)
        snprintf(why, cap, "too much came to be kept");
    if (!err)
        err = finish(&m, out, outcome, why, cap);
    mk_scrub_free(m.scrub);
    json_decref(m.credentials);
    json_decref(m.answers);
    json_decref(m.exchanges);
    return err;
}

int mk_record_make(json_t **out, const mk_recording *recording, const json_t *outcome, bool *personal, char *why, size_t cap)
{
    const json_t *meters = json_object_get(outcome, "meters");
    int err = make(out, recording, outcome, meters, why, cap);
    *personal = false;
    if (meters && (err == MK_EDIVERGED || err == MK_EPOLICY)) {
        err = make(out, recording, outcome, NULL, why, cap); /* an adapter may need them as they are */
        *personal = !err;
    }
    return err;
}
