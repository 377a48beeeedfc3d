/* portalless.c - a session against answers from a table, for tests without a network */
#include "portalless.h"
#include "base/err.h"
#include "parse/json.h"
#include "vault/seal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void add(char *to, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *to, size_t cap, const char *format, ...)
{
    size_t len = strlen(to);
    va_list args;
    va_start(args, format);
    vsnprintf(to + len, cap - len, format, args);
    va_end(args);
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static void transport(void *arg, const mk_request *request, mk_response *response)
{
    world *w = arg;
    add(w->seen, sizeof w->seen, "%s %s %.*s\n", request->method, request->url, (int)request->body_len,
        request->body ? request->body : "");
    for (reply *r = w->replies; r->method; r++) {
        if (!r->path || strcmp(r->method, request->method) != 0 || !ends_with(request->url, r->path))
            continue;
        if (r->needs && (!request->body || !strstr(request->body, r->needs)))
            continue;
        response->status = r->status;
        response->version = 11;
        mk_headers_add(&response->headers, "Content-Type", r->type, strlen(r->type), false);
        const char *colon = r->header ? strchr(r->header, ':') : NULL;
        if (colon) {
            char name[60];
            snprintf(name, sizeof name, "%.*s", (int)(colon - r->header), r->header);
            mk_headers_add(&response->headers, name, colon + 2, strlen(colon + 2), false);
        }
        mk_buf_adds(&response->body, r->body);
        if (r->once)
            r->path = NULL;
        return;
    }
    response->fault = "net.connect";
    snprintf(response->detail, sizeof response->detail, "nothing answers %s", request->url);
}

static void on_intent(void *arg, mk_session *session, unsigned intent, const char *id)
{
    world *w = arg;
    (void)id;
    w->intents |= intent;
    mk_session_intent_done(session);
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    world *w = arg;
    char *text = json_dumps(challenge, JSON_COMPACT | JSON_SORT_KEYS);
    add(w->challenges, sizeof w->challenges, "%s%s\n", again ? "again " : "", text);
    mk_free(text);
    if (w->park && !(w->answers && w->answers[w->next_answer])) {
        mk_buf_clear(&w->parked);
        assert_int_equal(mk_session_park(session, &w->parked), MK_OK);
        uv_stop(&w->loop);
        return;
    }
    const char *line = w->answers ? w->answers[w->next_answer] : NULL;
    if (!line)
        return;
    w->next_answer++;
    if (w->drops)
        assert_int_equal(mk_session_drop(session), MK_OK);
    json_t *answer = json_loads(line, JSON_DECODE_ANY, NULL);
    char id[40];
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(challenge, "id")));
    if (mk_session_answer(session, id, answer, w->refused, sizeof w->refused) != MK_OK)
        mk_session_cancel(session);
    json_decref(answer);
}

static void on_log(void *arg, mk_session *session, int level, const char *text)
{
    world *w = arg;
    (void)session, (void)level;
    add(w->log, sizeof w->log, "%s\n", text);
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    world *w = arg;
    json_t *out = mk_session_end_json(mk_session_version(session), end);
    mk_free(w->outcome);
    w->outcome = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(out);
    json_decref(w->keep);
    w->keep = json_deep_copy(end->keep);
    uv_stop(&w->loop);
}

static const mk_driver driver = {.intent = on_intent, .challenge = on_challenge, .log = on_log, .end = on_end};

static void engine_with(world *w, const mk_session_limits *limits)
{
    char why[200];
    mk_engine_options options = {0};
    if (limits)
        options.limits = *limits;
    assert_int_equal(mk_engine_new(&w->engine, &w->loop, &options, why, sizeof why), MK_OK);
}

void world_open(world *w, const char *adapter)
{
    json_t *problems = NULL;
    mk_module_source source = {NULL, mk_module_text};
    mk_buf_init(&w->parked, 64 << 20);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    engine_with(w, NULL);
    int err = mk_version_build(&w->version, "example.lua", adapter, strlen(adapter), &source, &problems);
    if (err) {
        char *text = json_dumps(problems, JSON_INDENT(1));
        print_message("%s\n", text);
        mk_free(text);
    }
    json_decref(problems);
    assert_int_equal(err, MK_OK);
}

void world_limits(world *w, const mk_session_limits *limits)
{
    mk_engine_free(w->engine);
    engine_with(w, limits);
}

static void end_session(world *w)
{
    mk_session_free(w->session);
    w->session = NULL;
    uv_run(&w->loop, UV_RUN_NOWAIT);
}

static mk_session_input input_of(world *w, const char *mfa, bool human)
{
    return (mk_session_input){.version = w->version, .credentials = w->credentials, .mfa = mfa, .human = human,
                              .transport = transport, .transport_arg = w, .now_ms = 1750000000000};
}

void world_run(world *w, const char *credentials, const char *mfa, bool human)
{
    char why[200];
    json_t *object = json_loads(credentials, 0, NULL);
    assert_int_equal(mk_credentials_read(&w->credentials, object, mk_version_manifest(w->version), why, sizeof why), MK_OK);
    json_decref(object);
    mk_session_input input = input_of(w, mfa, human);
    assert_int_equal(mk_session_start(&w->session, w->engine, &input, &driver, w), MK_OK);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    end_session(w);
    mk_credentials_free(w->credentials);
    w->credentials = NULL;
}

void world_resume(world *w)
{
    mk_version *version = NULL;
    mk_buf parked = w->parked;
    mk_buf_init(&w->parked, 64 << 20);
    assert_int_equal(mk_session_parked_version(&version, parked.data, parked.len), MK_OK);
    mk_session_input input = input_of(w, NULL, true);
    input.version = version;
    assert_int_equal(mk_session_resume(&w->session, w->engine, &input, parked.data, parked.len, &driver, w), MK_OK);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    end_session(w);
    mk_version_unref(version);
    mk_buf_free(&parked);
}

void world_forget(world *w)
{
    mk_free(w->outcome);
    w->outcome = NULL;
    w->seen[0] = w->challenges[0] = w->log[0] = w->refused[0] = '\0';
    w->intents = 0;
    w->next_answer = 0;
}

void world_close(world *w)
{
    world_forget(w);
    json_decref(w->keep);
    mk_buf_free(&w->parked);
    mk_version_unref(w->version);
    mk_engine_free(w->engine);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
}
