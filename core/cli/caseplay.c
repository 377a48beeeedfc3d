/* caseplay.c - plays a recorded case: the session without a network, at a clock that stands (layer cli) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"
#include "cli/casefile.h"

#include <stdio.h>
#include <string.h>

typedef struct player {
    const json_t *doc, *exchanges, *answers;
    bool *used;          /* by exchange */
    size_t next, answer;
    json_t *seen, *challenges, *outcome;
    json_t *stray;       /* the first request that the case has no response to */
    bool failed;         /* out of memory */
    bool over;
    bool ran_out;        /* of answers */
    uv_loop_t *loop;
    mk_watch *watches;
    const mk_version *version;
} player;

/* How well a recorded request fits: 2 the same URL, 1 the same but for the query, 0 not. */
static int fits(const json_t *exchange, const mk_request *request)
{
    const json_t *known = json_object_get(exchange, "request");
    const char *url = json_string_value(json_object_get(known, "url")), *method = json_string_value(json_object_get(known, "method"));
    if (!url || !method || strcmp(method, request->method) != 0)
        return 0;
    const size_t len = strcspn(url, "?");
    return !strcmp(url, request->url) ? 2 : strcspn(request->url, "?") == len && !strncmp(url, request->url, len) ? 1 : 0;
}

/* The next one if it fits, else the first unused that fits as well as can be. */
static size_t choose(const player *p, const mk_request *request)
{
    const size_t count = json_array_size(p->exchanges);
    if (p->next < count && !p->used[p->next] && fits(json_array_get(p->exchanges, p->next), request))
        return p->next;
    for (int well = 2; well > 0; well--)
        for (size_t i = 0; i < count; i++)
            if (!p->used[i] && fits(json_array_get(p->exchanges, i), request) >= well)
                return i;
    return SIZE_MAX;
}

static void no_response(player *p, const mk_request *request, mk_response *response)
{
    if (!p->stray)
        p->stray = mk_case_request(request);
    p->failed = p->failed || !p->stray;
    response->fault = "net.reset";
    snprintf(response->detail, sizeof response->detail, "the case holds no response to %s %.150s", request->method, request->url);
}

static void transport(void *arg, const mk_request *request, mk_response *response)
{
    player *p = arg;
    const size_t i = choose(p, request);
    const json_t *known = i == SIZE_MAX ? NULL : json_object_get(json_array_get(p->exchanges, i), "response");
    if (!known || mk_case_answer(known, response)) {
        no_response(p, request, response);
        known = NULL;
    } else {
        p->used[i] = true;
        p->next = i + 1;
    }
    json_t *kept = known ? json_incref((json_t *)known) : mk_case_response(response);
    if (json_array_append_new(p->seen, json_pack("{s:o, s:o}", "request", mk_case_request(request), "response", kept)))
        p->failed = true;
}

static void keep_challenge(player *p, const json_t *challenge)
{
    static const char *const keys[] = {"kind", "medium", "digits", "prompt", "dest", "choices", "message", NULL};
    json_t *kept = json_object();
    for (size_t i = 0; kept && keys[i]; i++) {
        json_t *value = json_object_get(challenge, keys[i]);
        if (value && json_object_set(kept, keys[i], value))
            p->failed = true;
    }
    if (json_array_append_new(p->challenges, kept))
        p->failed = true;
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    player *p = arg;
    char why[200];
    for (mk_watch *watch = p->watches; watch; watch = watch->next)
        if (watch->challenge)
            watch->challenge(watch->arg, session, challenge, again);
    keep_challenge(p, challenge);
    const char *kind = json_string_value(json_object_get(challenge, "kind"));
    const json_t *answer = json_array_get(p->answers, p->answer);
    const bool approve = kind && !strcmp(kind, "approve");
    if (approve && !json_object_get(answer, "choice") && !json_object_get(answer, "resend"))
        return; /* its polls answer it */
    const char *id = json_string_value(json_object_get(challenge, "id"));
    for (mk_watch *watch = p->watches; watch && answer; watch = watch->next)
        if (watch->answer)
            watch->answer(watch->arg, session, id, answer);
    if (answer)
        p->answer++;
    p->ran_out = p->ran_out || !answer;
    if (!answer || mk_session_answer(session, id, answer, why, sizeof why))
        mk_session_cancel(session);
}

/* Keys in order, so that a case that is written anew has the same lines. */
static json_t *sorted(json_t *value)
{
    char *text = value ? json_dumps(value, JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
    json_t *out = text ? mk_json_load(text, strlen(text), JSON_DECODE_ANY, NULL) : NULL;
    mk_free(text);
    json_decref(value);
    return out;
}

static void on_hop(void *arg, mk_session *session, const mk_hop *hop)
{
    for (mk_watch *watch = ((player *)arg)->watches; watch; watch = watch->next)
        if (watch->hop)
            watch->hop(watch->arg, session, hop);
}

static void on_page(void *arg, mk_session *session, mk_page *page, const json_t *explain, const char *where)
{
    for (mk_watch *watch = ((player *)arg)->watches; watch; watch = watch->next)
        if (watch->page)
            watch->page(watch->arg, session, page, explain, where);
}

static void on_note(void *arg, mk_session *session, const char *kind, const json_t *data)
{
    for (mk_watch *watch = ((player *)arg)->watches; watch; watch = watch->next)
        if (watch->note)
            watch->note(watch->arg, session, kind, data);
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    player *p = arg;
    p->outcome = end->meters ? sorted(json_pack("{s:O}", "meters", end->meters))
                             : json_pack("{s:s, s:s}", "error", end->fault->kind->code, "message", end->fault->message);
    if (p->ran_out && end->fault) /* as a driver has it whose answers run out */
        json_object_set_new(p->outcome, "error", json_string("mfa.answer_timeout"));
    p->failed = p->failed || !p->outcome;
    p->over = true;
    json_t *result = p->watches ? mk_session_end_json(p->version, end) : NULL;
    for (mk_watch *watch = p->watches; watch && result; watch = watch->next)
        if (watch->close && watch->close(watch->arg, session, result))
            p->failed = true;
    json_decref(result);
    uv_stop(p->loop);
}

/* Origins that an operator would have to open: here nothing is reached anyway. */
static size_t origins(const mk_manifest *manifest, const char **list, size_t cap)
{
    size_t count = 0;
    for (size_t i = 0; i < manifest->host_count && count + 1 < cap; i++)
        if (strstr(manifest->hosts[i].entry, "://"))
            list[count++] = manifest->hosts[i].entry;
    list[count] = NULL;
    return count;
}

static int seed_of(const json_t *doc, uint8_t seed[32])
{
    mk_buf bytes;
    const json_t *text = json_object_get(doc, "seed");
    mk_buf_init(&bytes, 64);
    int err = mk_hex_decode(&bytes, json_string_value(text), json_string_length(text));
    if (!err && bytes.len == 32)
        memcpy(seed, bytes.data, 32);
    else if (!err)
        err = MK_EPARSE;
    mk_buf_free(&bytes);
    return err;
}

/* Nobody was there, so no code was sent: that is what it shows. */
static bool unwatched(const json_t *doc)
{
    const char *error = json_string_value(json_object_get(json_object_get(doc, "outcome"), "error"));
    return error && strcmp(error, "mfa.needs_human") == 0;
}

/* One session on the loop until it is over. */
static int play_on(player *p, mk_engine *engine, const mk_version *version, const mk_credentials *credentials, char *why, size_t cap)
{
    uint8_t seed[32];
    mk_session *session = NULL;
    mk_driver driver = { .challenge = on_challenge, .end = on_end };
    if (p->watches) { /* what costs is done only where somebody looks */
        driver.hop = on_hop;
        driver.page = on_page;
        driver.note = on_note;
    }
    mk_session_input input = { .version = version, .credentials = credentials, .human = !unwatched(p->doc), .transport = transport, .transport_arg = p,
                               .seed = seed, .now_ms = json_integer_value(json_object_get(p->doc, "now_ms")),
                               .mfa = json_string_value(json_object_get(p->doc, "mfa")), .keep = json_object_get(p->doc, "keep") };
    if (seed_of(p->doc, seed)) {
        snprintf(why, cap, "its seed is not 64 hexadecimal digits");
        return MK_EPARSE;
    }
    int err = mk_session_start(&session, engine, &input, &driver, p);
    if (!err)
        uv_run(p->loop, UV_RUN_DEFAULT);
    if (!err && !p->over) {
        snprintf(why, cap, "the session stopped without an end");
        err = MK_EPARSE;
    }
    mk_session_free(session);
    return err ? err : p->failed ? MK_ENOMEM : MK_OK;
}

static int play(player *p, const mk_version *version, char *why, size_t cap)
{
    enum { ORIGINS = 32 };
    const char *allow[ORIGINS];
    uv_loop_t loop;
    mk_engine *engine = NULL;
    mk_credentials *credentials = NULL;
    const mk_manifest *manifest = mk_version_manifest(version);
    origins(manifest, allow, ORIGINS);
    const mk_engine_options options = { .allow_origins = allow };
    int err = mk_credentials_read(&credentials, json_object_get(p->doc, "credentials"), manifest, why, cap);
    if (err)
        return err;
    if (uv_loop_init(&loop)) {
        mk_credentials_free(credentials);
        return MK_ENOMEM;
    }
    p->loop = &loop;
    err = mk_engine_new(&engine, &loop, &options, why, cap);
    if (!err)
        err = play_on(p, engine, version, credentials, why, cap);
    if (engine)
        mk_engine_free(engine);
    uv_run(&loop, UV_RUN_DEFAULT); /* what closes late */
    uv_loop_close(&loop);
    mk_credentials_free(credentials);
    return err;
}

int mk_case_play(json_t **seen, const json_t *doc, const mk_version *version, mk_watch *watches, char *why, size_t cap)
{
    player p = { .version = version, .watches = watches, .doc = doc, .exchanges = json_object_get(doc, "exchanges"), .answers = json_object_get(doc, "answers") };
    p.used = mk_calloc(json_array_size(p.exchanges) + 1, sizeof *p.used);
    p.seen = json_array();
    p.challenges = json_array();
    int err = p.used && p.seen && p.challenges ? play(&p, version, why, cap) : MK_ENOMEM;
    json_t *made = err ? NULL : json_pack("{s:O, s:O, s:O, s:O*}", "exchanges", p.seen, "challenges", p.challenges, "outcome", p.outcome,
                                          "stray", p.stray);
    if (!err && !made)
        err = MK_ENOMEM;
    if (!err)
        *seen = made;
    mk_free(p.used);
    json_decref(p.seen);
    json_decref(p.challenges);
    json_decref(p.outcome);
    json_decref(p.stray);
    return err;
}

int mk_case_accept(json_t *doc, const json_t *seen)
{
    static const char *const keys[] = {"exchanges", "challenges", "outcome", NULL};
    for (size_t i = 0; keys[i]; i++)
        if (json_object_set(doc, keys[i], json_object_get(seen, keys[i])))
            return MK_ENOMEM;
    return MK_OK;
}
