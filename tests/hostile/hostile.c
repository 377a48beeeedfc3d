/* hostile.c - runs hostile scripts and portals, each beside a neighbour that must come to no harm (tests)
 *
 * hostile FILE.lua...: each in a process of its own, so that one that is not stopped stops nothing else.
 * Each is run twice: what the second run leaves alive in memory, the engine has lost. */
#include "hostile.h"
#include "base/err.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "session/session.h"
#include "vault/seal.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET "Sesam9931offen"
#define SECRET_HALF "Sesam993" /* cut off */
#define SECRET_BASE64 "U2VzYW05OTMxb2ZmZW4"
#define SECRET_HEX "536573616d3939333"
#define WHO "{\"username\":\"patricia\",\"password\":\"" SECRET "\"}"
#define NEVER 60 /* seconds of wall clock for both runs, before MK_HOSTILE_SCALE */

#ifdef __SANITIZE_ADDRESS__
enum { SLOWER = 8 };
#else
enum { SLOWER = 1 };
#endif

/* One of the two sessions. */
typedef struct party {
    struct stage *stage;
    mk_version *version;
    mk_credentials *credentials;
    mk_session *session;
    bool human;
    char *outcome; /* JSON of the end, or of why the adapter was refused */
    mk_buf seen;   /* all that was sent: method, URL, fields, body */
    mk_buf told;   /* log, progress, challenges: what leaves the session */
    int sent;
} party;

typedef struct stage {
    uv_loop_t loop;
    mk_engine *engine;
    const char *origin;
    party hostile, neighbour;
    int64_t cpu_ms;
} stage;

static const char neighbour_text[] =
    "return { api = 1, id = 'neighbour', name = 'Neighbour', services = { 'electric' }, portal = '@ORIGIN@/',"
    " hosts = { '@HOST@' }, evidence = 'modelled',"
    " mfa = { policy = 'relay', patterns = { { kind = 'otp', html = 'form#mfa', prompt = 'label', digits = 6 } } },"
    " errors = { { code = 'mfa.code_wrong', html = '.badcode' }, { code = 'auth.credentials', html = '.wrong' } },"
    " sign_in = function(s) local page = s:get('/login') s:wait(0.002) local form = page:form('#signin')"
    "  form.username, form.password = s.credentials.username, s.credentials.password page = s:submit(form) s:wait(0.002)"
    "  while page.mfa do page = s:ask(page.mfa, { verify = function(code, p)"
    "   local f = p:form('#mfa') f.code = code return s:submit(f) end }) end s:expect(page, '#home') end,"
    " meters = function(s) s:wait(0.002) local out = {} for i, m in ipairs(s:get('/api'):json().meters) do"
    "  out[i] = { account = m.account, meter = m.serial, service = 'electric' } end return out end }";

static bool sound = true;
static const char *testing = "";

__attribute__((format(printf, 1, 2))) static void wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s: ", testing);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    sound = false;
}

static long scaled(long value)
{
    const char *scale = getenv("MK_HOSTILE_SCALE");
    long by = scale ? strtol(scale, NULL, 10) : 1;
    return value * SLOWER * (by > 0 ? by : 1);
}

static int64_t cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void transport(void *arg, const mk_request *request, mk_response *response)
{
    answer a;
    (void)arg;
    const char *slash = strstr(request->url, "://");
    slash = slash ? strchr(slash + 3, '/') : NULL;
    char *body = mk_memdup(request->body ? request->body : "", request->body_len);
    if (!slash || !pages_answer(request->method, slash, body, &a)) {
        response->fault = "net.connect";
        snprintf(response->detail, sizeof response->detail, "nothing answers there");
        mk_free(body);
        if (slash)
            mk_buf_free(&a.body);
        return;
    }
    response->status = a.status;
    response->version = 11;
    mk_headers_add(&response->headers, "Content-Type", a.type, strlen(a.type), false);
    for (int i = 0; i < a.field_count; i++) {
        char name[40];
        const char *colon = strchr(a.fields[i], ':');
        snprintf(name, sizeof name, "%.*s", (int)(colon - a.fields[i]), a.fields[i]);
        mk_headers_add(&response->headers, name, colon + 2, strlen(colon + 2), false);
    }
    if (mk_buf_add(&response->body, a.body.data, a.body.len) != MK_OK) {
        response->fault = "policy.budget";
        snprintf(response->detail, sizeof response->detail, "the answer is too long");
    }
    mk_buf_free(&a.body);
    mk_free(body);
}

static void on_hop(void *arg, mk_session *session, const mk_hop *hop)
{
    party *p = arg;
    (void)session;
    p->sent++;
    mk_buf_addf(&p->seen, "%s %s\n", hop->request->method, hop->request->url);
    for (size_t i = 0; i < hop->request->headers.count; i++) {
        mk_buf_addf(&p->seen, "%s: ", hop->request->headers.list[i].name);
        mk_buf_add(&p->seen, hop->request->headers.list[i].value, hop->request->headers.list[i].value_len);
        mk_buf_adds(&p->seen, "\n");
    }
    mk_buf_add(&p->seen, hop->request->body, hop->request->body_len);
    mk_buf_adds(&p->seen, "\n");
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    party *p = arg;
    char why[200], id[40];
    (void)again;
    char *text = json_dumps(challenge, JSON_COMPACT);
    mk_buf_addf(&p->told, "%s\n", text);
    mk_free(text);
    if (!p->human)
        return;
    json_t *code = json_string("424242");
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(challenge, "id")));
    mk_session_answer(session, id, code, why, sizeof why);
    json_decref(code);
}

static void on_log(void *arg, mk_session *session, int level, const char *text)
{
    party *p = arg;
    (void)session, (void)level;
    mk_buf_addf(&p->told, "%s\n", text);
}

static void on_progress(void *arg, mk_session *session, const char *text)
{
    on_log(arg, session, 0, text);
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    party *p = arg;
    json_t *out = mk_session_end_json(mk_session_version(session), end);
    p->outcome = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(out);
    if (p->stage->neighbour.outcome && p->stage->hostile.outcome)
        uv_stop(&p->stage->loop);
}

static const mk_driver driver = {.challenge = on_challenge, .log = on_log, .progress = on_progress, .hop = on_hop, .end = on_end};

static bool party_open(party *p, stage *st, const char *file, const char *adapter)
{
    char why[200];
    json_t *problems = NULL;
    mk_module_source source = {NULL, mk_module_text};
    p->stage = st;
    mk_buf_init(&p->seen, 64 << 20);
    mk_buf_init(&p->told, 64 << 20);
    int err = mk_version_build(&p->version, file, adapter, strlen(adapter), &source, &problems);
    if (err)
        p->outcome = json_dumps(problems, JSON_COMPACT);
    json_decref(problems);
    if (err)
        return false;
    json_t *who = json_loads(WHO, 0, NULL);
    err = mk_credentials_read(&p->credentials, who, mk_version_manifest(p->version), why, sizeof why);
    json_decref(who);
    if (err)
        wrong("%s: credentials: %s", file, why);
    return err == MK_OK;
}

static void party_start(party *p, bool real)
{
    mk_session_input input = {.version = p->version, .credentials = p->credentials, .human = true,
                              .transport = real ? NULL : transport, .transport_arg = p};
    if (mk_session_start(&p->session, p->stage->engine, &input, &driver, p) != MK_OK)
        wrong("no session starts");
}

static void party_close(party *p)
{
    mk_session_free(p->session);
    mk_credentials_free(p->credentials);
    mk_version_unref(p->version);
    mk_buf_free(&p->seen);
    mk_buf_free(&p->told);
    mk_free(p->outcome);
}

static void open_engine(stage *st, const hostile *h)
{
    char why[200], name[40];
    const char *origins[] = {h->real ? st->origin : NULL, NULL};
    mk_engine_options options = {.allow_origins = origins, .limits = mk_session_defaults};
    for (int i = 0; h->limits[i]; i++) {
        const char *is = strchr(h->limits[i], '=');
        snprintf(name, sizeof name, "%.*s", is ? (int)(is - h->limits[i]) : 0, h->limits[i]);
        if (!is || mk_session_limit_set(&options.limits, name, is + 1) != MK_OK)
            wrong("limit: %s", h->limits[i]);
    }
    options.limits.script.burst_us *= SLOWER; /* what is stopped by another limit must get there */
    options.limits.script.total_us *= SLOWER;
    if (mk_engine_new(&st->engine, &st->loop, &options, why, sizeof why) != MK_OK)
        wrong("engine: %s", why);
}

static void play(stage *st, const hostile *h)
{
    int64_t before = cpu_ms();
    char *adapter = hostile_replace(neighbour_text, "@ORIGIN@", st->origin);
    char *whole = hostile_replace(adapter, "@HOST@", h->real ? st->origin : st->origin + 8);
    if (party_open(&st->neighbour, st, "neighbour.lua", whole))
        party_start(&st->neighbour, h->real);
    if (party_open(&st->hostile, st, "hostile.lua", h->adapter))
        party_start(&st->hostile, h->real);
    uv_run(&st->loop, UV_RUN_DEFAULT);
    st->cpu_ms = cpu_ms() - before;
    mk_free(adapter);
    mk_free(whole);
}

static void has(const char *what, const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        wrong("%s lacks '%s':\n%.3000s", what, part, text ? text : "(nothing)");
}

static void lacks(const char *what, const char *text, const char *part)
{
    if (text && strstr(text, part))
        wrong("%s has '%s':\n%.3000s", what, part, text);
}

static void no_secret(const char *what, const char *text)
{
    lacks(what, text, SECRET_HALF);
    lacks(what, text, SECRET_BASE64);
    lacks(what, text, SECRET_HEX);
}

static void judge(const stage *st, const hostile *h)
{
    const party *p = &st->hostile;
    char code[60];
    if (strcmp(h->expect, "meters") == 0)
        has("the outcome", p->outcome, "\"meters\":[");
    else if (strcmp(h->expect, "refused") == 0 && p->version)
        wrong("the adapter was not refused");
    else if (strcmp(h->expect, "refused") != 0)
        snprintf(code, sizeof code, "\"code\":\"%s\"", h->expect), has("the outcome", p->outcome, code);
    for (int i = 0; h->says[i]; i++)
        has("the outcome", p->outcome, h->says[i]);
    for (int i = 0; h->logs[i]; i++)
        has("the log", p->told.data, h->logs[i]);
    no_secret("the outcome", p->outcome);
    no_secret("what is told", p->told.data);
    if (!h->sends)
        no_secret("what was sent", p->seen.data);
    lacks("what was sent", p->seen.data, "\nstolen");
    lacks("what was sent", p->seen.data, "stolen=");
    if (h->most_requests >= 0 && p->sent > h->most_requests)
        wrong("%d requests left, at most %d may", p->sent, h->most_requests);
    if (p->told.len > 1200000)
        wrong("%zu bytes were told", p->told.len);
    if (st->cpu_ms > scaled(h->within_ms))
        wrong("took %lld ms of CPU, promised were %ld", (long long)st->cpu_ms, scaled(h->within_ms));
    has("the neighbour's outcome", st->neighbour.outcome, "\"account\":\"12345678901\"");
}

/* One run from nothing to nothing; gives what it left alive. */
static long run(const hostile *h, const char *origin)
{
    stage st = {.origin = origin};
    uv_loop_init(&st.loop);
    open_engine(&st, h);
    st.hostile.human = h->human;
    st.neighbour.human = true;
    play(&st, h);
    judge(&st, h);
    if (getenv("MK_HOSTILE_SHOW"))
        printf("%s: %lld ms, %d requests: %.1500s\n%.1500s\n", h->name, (long long)st.cpu_ms, st.hostile.sent, st.hostile.outcome,
               st.hostile.told.data ? st.hostile.told.data : "");
    party_close(&st.hostile);
    party_close(&st.neighbour);
    mk_engine_free(st.engine);
    uv_run(&st.loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&st.loop) != 0)
        wrong("something is left in the loop");
    return mk_mem_live();
}

static int test(const char *path)
{
    hostile h;
    rogue portal = {0};
    char origin[60] = "https://www.hostile.test";
    alarm((unsigned)scaled(NEVER));
    if (!hostile_read(&h, path))
        return 1;
    if (h.real) {
        rogue_start(&portal);
        snprintf(origin, sizeof origin, "http://127.0.0.1:%d", portal.port);
    }
    hostile_build(&h, origin);
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    long first = run(&h, origin), second = run(&h, origin);
    if (second != first)
        wrong("%ld allocations are left alive", second - first);
    if (h.real)
        rogue_stop(&portal);
    hostile_free(&h);
    return sound ? 0 : 1;
}

/* True if it went well. */
static bool test_apart(const char *path)
{
    int status = 0;
    testing = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int failed = test(path);
        fflush(stdout);
        _exit(failed);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return false;
    if (WIFSIGNALED(status))
        printf("%s: %s\n", testing, WTERMSIG(status) == SIGALRM ? "was never stopped" : strsignal(WTERMSIG(status)));
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    printf("%s - %s\n", ok ? "ok" : "not ok", testing);
    return ok;
}

int main(int argc, char **argv)
{
    bool all = argc > 1;
    for (int i = 1; i < argc; i++)
        all = test_apart(argv[i]) && all;
    return all ? 0 : 1;
}
