/* session.c - whole sessions with the n-th allocation failing, C's and Lua's alike (tests)
 *
 * Lua's allocator stands on the core's, so one counter reaches both. For each n, once with that allocation alone
 * failing and once with all from there on: no crash, no hang, nothing left behind, and an outcome that is either the
 * one without failures, to the letter, or policy.budget or engine.*: never a result made of halves.
 *
 *   MK_SEED=n        which n are tried (a sample); printed
 *   MK_TORTURE=full  all of them */
#include "base/err.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "session/session.h"
#include "vault/seal.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 400, HANG_SECONDS = 60 };

typedef struct answer_row {
    const char *method, *path, *type, *body, *needs;
} answer_row;

typedef struct scenario {
    const char *name, *adapter;
    const answer_row *portal;
    const char *const *answers;
    bool park; /* at the first challenge; what is tortured is going on from there */
    bool drop; /* the state, at each challenge */
} scenario;

static struct {
    uv_loop_t loop;
    mk_engine *engine;
    const scenario *now;
    size_t next_answer;
    mk_buf parked;
    bool keep_parked; /* mk_session_park rather than an answer */
    char outcome[8192];
    unsigned long armed_at, armed_for;
    bool armed_on;
    unsigned long n;
    int left; /* polls until approved */
    unsigned long skipped; /* finalizers, by Lua */
} t;

/* What the tests themselves allocate does not count and does not fail. */
static void arm(unsigned long n, bool on)
{
    t.armed_for = n;
    t.armed_on = on;
    t.armed_at = mk_mem_count();
    mk_mem_fail_at(n, on);
}

static void pause_failing(void)
{
    unsigned long gone = mk_mem_count() - t.armed_at;
    if (t.armed_for)
        t.armed_for = gone < t.armed_for ? t.armed_for - gone : t.armed_on ? 1 : 0;
    mk_mem_fail_at(0, false);
}

static void go_on_failing(void)
{
    arm(t.armed_for, t.armed_on);
}

static void transport(void *arg, const mk_request *request, mk_response *response)
{
    (void)arg;
    pause_failing();
    const char *path = strstr(request->url, ".test/");
    path = path ? path + 5 : "";
    for (const answer_row *r = t.now->portal; r->method; r++) {
        if (strcmp(r->method, request->method) != 0 || strcmp(r->path, path) != 0 ||
            (r->needs && !(request->body && strstr(request->body, r->needs))))
            continue;
        bool waits = strcmp(path, "/poll") == 0 && t.left-- > 0;
        response->status = waits ? 202 : 200;
        response->version = 11;
        mk_headers_add(&response->headers, "Content-Type", r->type, strlen(r->type), false);
        mk_headers_add(&response->headers, "Set-Cookie", "sid=abc; HttpOnly", 17, false);
        mk_buf_adds(&response->body, r->body);
        go_on_failing();
        return;
    }
    response->fault = "net.connect";
    snprintf(response->detail, sizeof response->detail, "nothing answers %.100s", request->url);
    go_on_failing();
}

static void on_intent(void *arg, mk_session *session, unsigned intent, const char *id)
{
    (void)arg, (void)intent, (void)id;
    mk_session_intent_done(session);
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    (void)arg, (void)again;
    char id[40], why[200];
    if (t.keep_parked) {
        pause_failing();
        if (mk_session_park(session, &t.parked) != MK_OK)
            abort();
        uv_stop(&t.loop);
        return;
    }
    const char *line = t.now->answers[t.next_answer];
    if (!line)
        return;
    t.next_answer++;
    pause_failing();
    json_t *answer = json_loads(line, JSON_DECODE_ANY, NULL);
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(challenge, "id")));
    go_on_failing();
    if (t.now->drop)
        mk_session_drop(session); /* out of memory: it stays */
    if (mk_session_answer(session, id, answer, why, sizeof why) != MK_OK)
        mk_session_cancel(session);
    json_decref(answer);
}

static void on_page(void *arg, mk_session *session, mk_page *page, const json_t *explain, const char *where)
{
    (void)arg, (void)session, (void)page, (void)explain, (void)where;
}

static void on_note(void *arg, mk_session *session, const char *kind, const json_t *data)
{
    (void)arg, (void)session, (void)kind, (void)data;
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    (void)arg;
    pause_failing();
    t.armed_for = 0;
    json_t *out = mk_session_end_json(mk_session_version(session), end);
    json_object_del(out, "requests"); /* signing out may fail */
    json_object_del(out, "elapsed_ms");
    json_object_del(out, "cpu_ms");
    if (!end->fault && end->keep)
        json_object_set_new(out, "keep", json_deep_copy(end->keep));
    char *text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(t.outcome, sizeof t.outcome, "%s", text);
    mk_free(text);
    json_decref(out);
    uv_stop(&t.loop);
}

static const mk_driver driver = {.intent = on_intent, .challenge = on_challenge, .page = on_page, .note = on_note, .end = on_end};
static const uint8_t seed[32] = {1, 2, 3};

typedef struct ready {
    mk_version *version;
    mk_credentials *credentials;
} ready;

static int begin(mk_session **out, const ready *r, bool resume)
{
    mk_session_input input = {.version = r->version, .credentials = r->credentials, .human = true, .transport = transport,
                              .seed = seed, .now_ms = 1750000000000};
    return resume ? mk_session_resume(out, t.engine, &input, t.parked.data, t.parked.len, &driver, NULL)
                  : mk_session_start(out, t.engine, &input, &driver, NULL);
}

/* One session with the n-th allocation failing (0: none); the outcome is in t.outcome, "" if it hung. */
static void run_one(const ready *r, unsigned long n, bool on, bool resume)
{
    mk_session *session = NULL;
    t.outcome[0] = '\0';
    t.next_answer = 0;
    t.left = 2;
    alarm(HANG_SECONDS);
    arm(n, on);
    int err = begin(&session, r, resume);
    if (err) {
        arm(0, false);
        snprintf(t.outcome, sizeof t.outcome, "%s", err == MK_ENOMEM || err == MK_ELIMIT ? "policy.budget at start" : mk_err_text(err));
    } else {
        uv_run(&t.loop, UV_RUN_DEFAULT);
        arm(0, false);
        mk_session_free(session);
    }
    uv_run(&t.loop, UV_RUN_NOWAIT);
    alarm(0);
}

/* The same end with less evidence: memory ran out while it was written down. */
static bool same_code(const char *clean, const char *got)
{
    const char *a = strstr(clean, "{\"error\":{\"code\":\""), *b = strstr(got, "{\"error\":{\"code\":\"");
    return a && b && strncmp(a, b, strcspn(a, ",")) == 0;
}

static bool fits(const char *clean, const char *got)
{
    if (strcmp(clean, got) == 0 || strstr(got, "policy.budget at start"))
        return true;
    if (strstr(got, "longer than")) /* the wall clock had to end it: it hung */
        return false;
    return same_code(clean, got) || strstr(got, "\"code\":\"policy.budget\"") || strstr(got, "\"code\":\"engine.");
}

static void build(ready *r, const scenario *s)
{
    char why[200];
    json_t *problems = NULL;
    mk_module_source source = {NULL, mk_module_text};
    if (mk_version_build(&r->version, "example.lua", s->adapter, strlen(s->adapter), &source, &problems) != MK_OK) {
        char *text = json_dumps(problems, JSON_INDENT(1));
        printf("not ok - %s: its adapter\n%s\n", s->name, text);
        exit(1);
    }
    json_t *who = json_pack("{s:s,s:s,s:s}", "username", "pat.example", "password", "hunter2xyz", "totp_secret", "JBSWY3DPEHPK3PXP");
    if (mk_credentials_read(&r->credentials, who, mk_version_manifest(r->version), why, sizeof why) != MK_OK)
        abort();
    json_decref(who);
}

static unsigned long park_it(const ready *r)
{
    mk_session *session = NULL;
    t.keep_parked = true;
    mk_buf_clear(&t.parked);
    if (begin(&session, r, false) != MK_OK)
        abort();
    uv_run(&t.loop, UV_RUN_DEFAULT);
    mk_session_free(session);
    uv_run(&t.loop, UV_RUN_NOWAIT);
    t.keep_parked = false;
    return t.parked.len;
}

/* False, with a word about it, if anything is wrong with the n-th. */
static bool tortured(const scenario *s, const ready *r, const char *clean, unsigned long n, bool on)
{
    long live = mk_mem_live();
    t.n = n;
    run_one(r, n, on, s->park);
    if (!t.outcome[0]) {
        printf("%s: allocation %lu%s: it hung\n", s->name, n, on ? " and all after it" : "");
        return false;
    }
    if (!fits(clean, t.outcome)) {
        printf("%s: allocation %lu%s: %s\n", s->name, n, on ? " and all after it" : "", t.outcome);
        return false;
    }
    if (mk_mem_live() != live && on) {
        t.skipped++; /* Lua drops an object whose finalizer it has not the memory to call: seldom, and only then */
    } else if (mk_mem_live() != live) {
        printf("%s: allocation %lu%s: %ld blocks left behind after %s\n", s->name, n, on ? " and all after it" : "",
               mk_mem_live() - live, t.outcome);
        return false;
    }
    return true;
}

static unsigned long random_below(unsigned long *state, unsigned long below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

static bool torture(const scenario *s, unsigned long *random, bool full)
{
    char clean[sizeof t.outcome];
    ready r = {0};
    bool good = true;
    t.now = s;
    build(&r, s);
    if (s->park)
        park_it(&r);
    run_one(&r, 0, false, s->park); /* warm */
    unsigned long before = mk_mem_count();
    run_one(&r, 0, false, s->park);
    unsigned long all = mk_mem_count() - before;
    memcpy(clean, t.outcome, sizeof clean);
    unsigned long runs = full ? all : SAMPLES;
    t.skipped = 0;
    int wrong = 0;
    for (unsigned long i = 0; i < runs && wrong < 10; i++) {
        unsigned long n = full ? i + 1 : 1 + random_below(random, all);
        wrong += !tortured(s, &r, clean, n, false);
        wrong += !tortured(s, &r, clean, n, true);
    }
    good = wrong == 0 && t.skipped <= 1 + runs / 200 && strstr(clean, "\"utility\"");
    printf("%s - %s (%lu of %lu allocations): %.60s\n", good ? "ok" : "not ok", s->name, runs, all, clean);
    fflush(stdout);
    mk_credentials_free(r.credentials);
    mk_version_unref(r.version);
    return good;
}

#define HEAD(more)                                                                                                    \
    "local json = require 'meterkey.json' return { api = 1, id = 'example', name = 'Example Power', services = {'electric'}," \
    " portal = 'https://www.example.test/', hosts = {'www.example.test'}, evidence = 'modelled',"                     \
    " mfa = { policy = 'relay', patterns = { " more                                                                   \
    "  { kind = 'otp', medium = 'sms', html = 'form#mfa input[name=code]', prompt = 'label', digits = 6 } } },"      \
    " errors = { { code = 'auth.credentials', html = '.wrong', message = '.wrong' }, { code = 'mfa.code_wrong', html = '.badcode' } },"
#define LOGIN_STEPS                                                                                      \
    "  s:progress('signing in') print('hello', {}, s.credentials.password) local page = s:get('/login')" \
    "  local form = page:form('#signin')"                                                                \
    "  form.username, form.password = s.credentials.username, s.credentials.password"                    \
    "  page = s:submit(form)"
#define ASKING                                                                                             \
    "  while page.mfa do page = s:ask(page.mfa, { verify = function(answer, p)"                            \
    "    local f = p:form('#mfa') f.code = answer return s:submit(f) end,"                                 \
    "    resend = function(p) return s:submit(p:form('#resend'), { sends_code = true }) end }) end"
#define KEEPING "  s.keep.device = s.credentials.password:sha256():hex() s.keep.count = (s.keep.count or 0) + 1 s.keep.ok = true"
#define METERS                                                                                                 \
    " meters = function(s) s:wait(1) s.at = s:now()"                                                           \
    "  local sent = s:post('/upload', { multipart = { { 'a', 'b' } }, accept = {200} })"        \
    "  local more = s:post('/query', { json = { list = json.array{1, 2}, text = sent.body } })"                \
    "  local out = {} for i, m in ipairs(s:get('/api'):json('$.meters')) do"                                   \
    "  out[i] = { account = m.account, meter = m.serial, service = 'electric', address = { city = m.city } } end return out end,"
#define SIGN_OUT " sign_out = function(s) s:get('/logout') end }"
#define LOGIN_PAGE "<form id=signin method=post action=/login><input type=hidden name=csrf value=t1><input name=username><input type=password name=password></form>"
#define CODE_PAGE "<form id=mfa method=post action=/mfa><label for=code>Enter it</label><input name=code></form><form id=resend method=post action=/resend><input type=hidden name=again value=1></form>"
#define DATA "{\"meters\":[{\"account\":12345678901,\"serial\":\"S1\",\"city\":\"Springfield\"},{\"account\":\"2\",\"serial\":7}]}"

static const answer_row portal[] = {
    {"GET", "/login", "text/html", LOGIN_PAGE, NULL},
    {"POST", "/login", "text/html; charset=utf-8", CODE_PAGE, NULL},
    {"POST", "/mfa", "text/html", "<p id=home>in</p>", "code=424242"},
    {"POST", "/mfa", "text/html", "<p class=badcode>No.</p>" CODE_PAGE, NULL},
    {"POST", "/totp", "text/html", "<p id=home>in</p>", NULL},
    {"POST", "/upload", "text/plain", "taken", NULL},
    {"POST", "/query", "application/json", "{}", NULL},
    {"GET", "/api", "application/json", DATA, NULL},
    {"GET", "/api?a=1", "application/json", DATA, NULL},
    {"GET", "/poll", "text/html", "<p id=home>in</p>", NULL},
    {"GET", "/logout", "text/html", "bye", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static const answer_row strange[] = {
    {"GET", "/login", "text/html", LOGIN_PAGE, NULL},
    {"POST", "/login", "text/html", "<h1>Something new for hunter2xyz</h1>", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static const answer_row wrong[] = {
    {"GET", "/login", "text/html", LOGIN_PAGE, NULL},
    {"POST", "/login", "text/html", "<p class=wrong>hunter2xyz is wrong</p>", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
#define USES                                                                                                              \
    HEAD("") " sign_in = function(s) local page = s:get('/login') local form = page:form('#signin')"                       \
    " form:action() form:method() form:controls() form:buttons() page:match('na(?<n>m)e') page:text() page:all('input')"   \
    " page:header('content-type') page.headers.x = page.body page:one('form'):html() page:one('input'):attr('name')"       \
    " s.cookies:set { name = 'a', value = 'b' } s.cookies:get('sid') s.cookies:get('sid', '/x') s.cookies:clear { except = { 'a' } }" \
    " pcall(page.one, page, '#none') pcall(page.json, page) pcall(s.get, s, '/nowhere')"                                   \
    " form:set('x', s.credentials.password .. 'y') form:remove('csrf') tostring(form:get('password'))"                     \
    " s:get('/api', { query = { a = 1 }, headers = { ['X-A'] = 'b' }, referer = '/login' }) end,"                          \
    " meters = function(s) s:get('/api'):json() return {}, 'none' end }"
static const char *const twice[] = {"\"111111\"", "\"424242\"", NULL};
static const char *const once[] = {"\"424242\"", NULL};
static const char *const chosen[] = {"{\"choice\":\"app\"}", NULL};
static const char *const none[] = {NULL};

#define WHOLE HEAD("") " sign_in = function(s)" LOGIN_STEPS ASKING KEEPING "  s:expect(page, '#home') end," METERS SIGN_OUT
#define SELECTING                                                                                                            \
    HEAD("") " sign_in = function(s)" LOGIN_STEPS                                                                            \
    " local way = s:ask { kind = 'select', prompt = 'How?', choices = { { id = 'sms', label = 'Text' }, { id = 'app', label = 'App' } } }" \
    " if way ~= 'app' then error('chose ' .. tostring(way)) end"                                                             \
    " page = s:ask({ kind = 'approve', prompt = 'Press yes' }, { every = 2, poll = function() local p = s:get('/poll')"      \
    "   if p.status ~= 202 then return p end end })"                                                                         \
    " s:expect(page, '#home') end," METERS SIGN_OUT
#define TOTP                                                                                                    \
    HEAD("") " sign_in = function(s)" LOGIN_STEPS                                                               \
    " page = s:ask({ kind = 'totp' }, function(answer) return s:post('/totp', { form = { code = answer } }) end)" \
    " s:expect(page, '#home') end," METERS SIGN_OUT

static const scenario scenarios[] = {
    {"a code, wrong, then right", WHOLE, portal, twice, false, false},
    {"going on from a parked session", WHOLE, portal, once, true, false},
    {"states dropped while asking", WHOLE, portal, twice, false, true},
    {"a choice, then an approval", SELECTING, portal, chosen, false, false},
    {"an authenticator's code", TOTP, portal, none, false, false},
    {"what pages, forms and cookies can do", USES, portal, none, false, false},
    {"an unexpected page", WHOLE, strange, none, false, false},
    {"a wrong password", WHOLE, wrong, none, false, false},
};

static void on_signal(int number)
{
    char text[120];
    int len = snprintf(text, sizeof text, "\nnot ok - %s at allocation %lu: %s\n", t.now ? t.now->name : "start", t.n,
                       number == SIGALRM ? "it hung" : "it crashed");
    if (write(STDOUT_FILENO, text, (size_t)len) < 0)
        _exit(3);
    _exit(2);
}

int main(int argc, char **argv)
{
    const char *given = getenv("MK_SEED"), *how = getenv("MK_TORTURE");
    unsigned long random = given ? strtoul(given, NULL, 10) : (unsigned long)getpid();
    const bool full = how && strcmp(how, "full") == 0;
    char why[200];
    bool good = true;
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGALRM, SIGFPE};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
    mk_engine_options options = {.limits = {.wall_ms = 20000, .script = {.burst_us = 2000000, .total_us = 20000000}}};
    mk_buf_init(&t.parked, 64 << 20);
    uv_loop_init(&t.loop);
    if (mk_engine_new(&t.engine, &t.loop, &options, why, sizeof why) != MK_OK)
        return 1;
    printf("seed %lu (MK_SEED)%s\n", random, full ? ", all allocations" : "");
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (argc < 2 || strstr(scenarios[i].name, argv[1]))
            good = torture(&scenarios[i], &random, full) && good;
    mk_engine_free(t.engine);
    mk_buf_free(&t.parked);
    return good ? 0 : 1;
}
