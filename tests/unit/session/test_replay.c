/* test_replay.c - parked at every wait and gone on with in a fresh process, a session cannot tell
 *
 * Each case is run once in one piece. Then it is parked at waits chosen by MK_SEED (and once at all of them), each
 * time gone on with by a new process (addresses randomised), or has its state dropped there. Outcome, requests and
 * what the script printed must be the same as in one piece. Scripts print what could differ: the order of pairs,
 * addresses, time, random numbers, and send it along, so that a difference is a request too many. */
#include "base/err.h"
#include "base/random.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "session/session.h"
#include "vault/seal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURNS = 12, MAX_WAITS = 16 };
enum { GO_ON, PARK, DROP }; /* what is done at a wait */

typedef struct scenario {
    const char *name, *steps, *meters;
    const char *const *answers;
    bool real_clock;
} scenario;

/* Everything that outlives a process: shared with the children. */
typedef struct ledger {
    size_t next_answer, waits;
    unsigned char plan[MAX_WAITS]; /* at the n-th wait */
    char seen[16384], log[16384], outcome[8192];
    size_t parked_len;
    unsigned char parked[256 << 10];
} ledger;

static uv_loop_t loop;
static ledger *book;
static const scenario *now;
static bool parked_now;

static void add(char *to, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *to, size_t cap, const char *format, ...)
{
    size_t len = strlen(to);
    va_list args;
    va_start(args, format);
    vsnprintf(to + len, cap - len, format, args);
    va_end(args);
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

#define CODE "<form id=mfa method=post action=/mfa><label>Code</label><input name=code></form>"

/* What the portal says depends on what it has seen, in whatever process. */
static const char *answer_to(const mk_request *q, const char *path, const char **cookie)
{
    bool post = strcmp(q->method, "POST") == 0;
    int polls = count_of(book->seen, "/poll ");
    if (strcmp(path, "/login") == 0)
        return post ? CODE : "<form id=signin method=post action=/login><input name=username><input type=password name=password></form>";
    if (strcmp(path, "/mfa") == 0)
        return strstr(q->body, "424242") ? "<p id=home>in</p>" : "<p class=badcode>No.</p>" CODE;
    if (strcmp(path, "/poll") == 0) {
        *cookie = polls == 3 ? "turn=3" : "";
        return polls < 5 ? "wait" : "<p id=home>in</p>";
    }
    return strcmp(path, "/api") == 0 ? "{\"meters\":[{\"account\":\"1\",\"serial\":\"S1\"}]}" : "<p id=home>in</p>";
}

static void transport(void *arg, const mk_request *q, mk_response *response)
{
    (void)arg;
    const char *path = strstr(q->url, ".test/"), *cookie = "";
    path = path ? path + 5 : "";
    add(book->seen, sizeof book->seen, "%s %s %.*s", q->method, path, (int)q->body_len, q->body ? q->body : "");
    const mk_header *h = mk_headers_get(&q->headers, "X-Marks", 0), *c = mk_headers_get(&q->headers, "Cookie", 0);
    add(book->seen, sizeof book->seen, " [%s] {%s}\n", h ? h->value : "", c ? c->value : "");
    const char *body = answer_to(q, path, &cookie);
    response->status = 200;
    response->version = 11;
    const char *type = body[0] == '{' ? "application/json" : "text/html";
    mk_headers_add(&response->headers, "Content-Type", type, strlen(type), false);
    if (cookie[0])
        mk_headers_add(&response->headers, "Set-Cookie", cookie, strlen(cookie), false);
    mk_buf_adds(&response->body, body);
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    (void)arg, (void)again;
    char id[40], why[200];
    size_t wait = book->waits++;
    unsigned how = wait < MAX_WAITS ? book->plan[wait] : GO_ON;
    if (how == PARK) {
        mk_buf parked;
        mk_buf_init(&parked, sizeof book->parked);
        assert_int_equal(mk_session_park(session, &parked), MK_OK);
        memcpy(book->parked, parked.data, parked.len);
        book->parked_len = parked.len;
        mk_buf_free(&parked);
        book->plan[wait] = GO_ON; /* it is asked again where it goes on */
        book->waits--;
        parked_now = true;
        mk_session_cancel(session); /* a case's clock would go on by itself */
        return;
    }
    if (how == DROP)
        assert_int_equal(mk_session_drop(session), MK_OK);
    const char *line = now->answers[book->next_answer];
    if (!line || strcmp(json_string_value(json_object_get(challenge, "kind")), "approve") == 0)
        return;
    book->next_answer++;
    json_t *answer = json_loads(line, JSON_DECODE_ANY, NULL);
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(challenge, "id")));
    int err;
    do /* a resend is too early for a millisecond */
        err = mk_session_answer(session, id, answer, why, sizeof why);
    while (err == MK_EPOLICY && strstr(why, "again in"));
    if (err)
        fail_msg("%s: %s", line, why);
    json_decref(answer);
}

static void on_log(void *arg, mk_session *session, int level, const char *text)
{
    (void)arg, (void)session, (void)level;
    add(book->log, sizeof book->log, "%s\n", text);
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    (void)arg;
    uv_stop(&loop);
    if (parked_now)
        return;
    json_t *out = mk_session_end_json(mk_session_version(session), end);
    json_object_del(out, "elapsed_ms");
    json_object_del(out, "cpu_ms");
    json_object_set_new(out, "keep", json_deep_copy(end->keep));
    json_object_set_new(out, "used", json_integer(end->used));
    char *text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(book->outcome, sizeof book->outcome, "%s", text);
    mk_free(text);
    json_decref(out);
}

static const mk_driver driver = {.challenge = on_challenge, .log = on_log, .end = on_end};
static const uint8_t seed[32] = {7, 7, 7};

static mk_engine *engine_with(size_t response_bytes)
{
    mk_engine *engine = NULL;
    char why[200];
    mk_engine_options options = {.limits = {.resend_ms = 1, .poll_ms = 5, .response_bytes = response_bytes}};
    assert_int_equal(mk_engine_new(&engine, &loop, &options, why, sizeof why), MK_OK);
    return engine;
}

static mk_session_input input_of(mk_version *version, const mk_credentials *credentials)
{
    return (mk_session_input){.version = version, .credentials = credentials, .human = true, .transport = transport,
                              .seed = now->real_clock ? NULL : seed, .now_ms = now->real_clock ? 0 : 1750000000000};
}

static void run_loop(mk_session *session)
{
    parked_now = false;
    while (!parked_now && !book->outcome[0] && uv_run(&loop, UV_RUN_DEFAULT)) {
    }
    mk_session_free(session);
    uv_run(&loop, UV_RUN_NOWAIT);
}

#define HEAD                                                                                                   \
    "local crypto = require 'meterkey.crypto' "                                                                \
    "local function mark() local t, order = { 'x', b = 1, a = 2, [10] = 3, [true] = 4, [{}] = 5, [print] = 6 }, {}" \
    "  for k in pairs(t) do order[#order + 1] = tostring(k) end"                                               \
    "  return table.concat(order, ',') .. tostring({}) .. tostring(mark) .. math.random(1 << 40) end "         \
    "return { api = 1, id = 'example', name = 'Example Power', services = {'electric'},"                       \
    " portal = 'https://www.example.test/', hosts = {'www.example.test'}, evidence = 'modelled',"              \
    " mfa = { policy = 'relay', patterns = {"                                                                  \
    "  { kind = 'otp', medium = 'sms', html = 'form#mfa input[name=code]', prompt = 'label' } } },"            \
    " errors = { { code = 'mfa.code_wrong', html = '.badcode' } },"                                            \
    " sign_in = function(s) s.first = mark() .. s:now() print(s.first)"                                        \
    "  local page = s:get('/login', { headers = { ['X-Marks'] = s.first } }) local form = page:form('#signin')" \
    "  form.username, form.password = s.credentials.username, s.credentials.password page = s:submit(form) "
#define TAIL " s.last = mark() .. s:now() print(s.first, s.last) s:get('/home', { headers = { ['X-Marks'] = s.first .. '|' .. s.last } }) end, meters = function(s) "
#define METERS                                                                                          \
    " s:post('/upload', { multipart = { { 'a', 'b' }, { 'c', s.credentials.password } } })"             \
    " local out = {} for i, m in ipairs(s:get('/api'):json().meters) do"                                \
    "  out[i] = { account = m.account, meter = m.serial, service = 'electric' } end return out end }"
#define ASKING                                                                                          \
    " while page.mfa do page = s:ask(page.mfa, { verify = function(answer, p) print('verify', mark())"  \
    "   local f = p:form('#mfa') f.code = answer return s:submit(f) end,"                               \
    "   resend = function(p) s:post('/again', { form = { n = mark() }, sends_code = true }) end,"       \
    "   switch = function(id, p) return s:post('/switch', { form = { to = id } }) end }) end"

static const char *const wrong_then_right[] = {"\"111111\"", "\"222222\"", "\"424242\"", NULL};
static const char *const again_then_right[] = {"{\"resend\":true}", "\"111111\"", "{\"resend\":true}", "\"424242\"", NULL};
static const char *const chosen[] = {"{\"choice\":\"b\"}", "\"424242\"", NULL};
static const char *const asked[] = {"{\"fields\":{\"pet\":\"rex\",\"town\":\"x\"}}", "true", "\"new pass\"", "\"424242\"", NULL};
static const char *const none[] = {NULL};

static const scenario scenarios[] = {
    {"wrong codes, kept values, waits", "s:wait(0.02) s.keep.n = (s.keep.n or 0) + 1 s.keep.at = s:now() s.keep.pin = s.credentials.password:sha256():hex()" ASKING " s:wait(0.01)",
     METERS, wrong_then_right, false},
    {"codes sent again", ASKING, METERS, again_then_right, true},
    {"a choice, then a code",
     " s.way = s:ask { kind = 'select', prompt = 'How?', choices = { { id = 'a', label = 'A' }, { id = 'b', label = 'B' } } } print(s.way)"
     " s:get('/go?to=' .. s.way)" ASKING, METERS, chosen, false},
    {"questions with fields, terms, a new password",
     " s:ask({ kind = 'question', prompt = 'Who?', fields = { { name = 'pet', label = 'Pet' }, { name = 'town', label = 'Town' } } },"
     "  function(a) print('answers', {}) return s:post('/answers', { json = { pet = a.pet, town = a.town } }) end) print('answered', {})"
     " s:ask({ kind = 'acknowledge', prompt = 'Terms' }, function() return s:post('/terms', { form = { ok = 1 } }) end) print('agreed', {})"
     " s:ask({ kind = 'credential', prompt = 'New password' }, function(a) return s:post('/new', { form = { p = a, proof = a:sha256():hex() } }) end) print('changed', {})" ASKING,
     METERS, asked, false},
    {"an approval by polling",
     " page = s:ask({ kind = 'approve', prompt = 'Press yes' }, { every = 0.01, poll = function() local p = s:get('/poll')"
     "   if p:has('#home') then return p end end })", METERS, none, false},
    {"an approval by polling, in real time",
     " page = s:ask({ kind = 'approve', prompt = 'Press yes' }, { every = 0.01, poll = function() local p = s:get('/poll')"
     "   if p:has('#home') then return p end end })", METERS, none, true},
    {"random numbers that leave",
     " s:post('/pkce', { form = { v = crypto.pkce and crypto.pkce().challenge or crypto.random_hex and crypto.random_hex(16) or mark() } })" ASKING
     " s:post('/pkce', { form = { v = mark() } })", METERS, wrong_then_right, false},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static mk_version *version_of(const scenario *s, const char *more)
{
    char text[6000];
    json_t *problems = NULL;
    mk_version *version = NULL;
    mk_module_source source = {NULL, mk_module_text};
    snprintf(text, sizeof text, "%s%s%s%s%s", HEAD, more, s->steps, TAIL, s->meters);
    if (mk_version_build(&version, "example.lua", text, strlen(text), &source, &problems) != MK_OK) {
        char *why = json_dumps(problems, JSON_INDENT(1));
        fail_msg("%s: %s", s->name, why);
    }
    return version;
}

static mk_credentials *credentials_of(const mk_version *version)
{
    char why[200];
    mk_credentials *out = NULL;
    json_t *who = json_pack("{s:s,s:s}", "username", "pat.example", "password", "hunter2xyz");
    assert_int_equal(mk_credentials_read(&out, who, mk_version_manifest(version), why, sizeof why), MK_OK);
    json_decref(who);
    return out;
}

/* From the beginning to the end or the first park. */
static void start(const scenario *s)
{
    mk_session *session = NULL;
    now = s;
    mk_engine *engine = engine_with(0);
    mk_version *version = version_of(s, "");
    mk_credentials *credentials = credentials_of(version);
    mk_session_input input = input_of(version, credentials);
    assert_int_equal(mk_session_start(&session, engine, &input, &driver, NULL), MK_OK);
    run_loop(session);
    mk_credentials_free(credentials);
    mk_version_unref(version);
    mk_engine_free(engine);
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* Goes on from what is parked, with `version`, or the one that travelled. */
static void go_on(const scenario *s, mk_version *other, size_t response_bytes)
{
    mk_session *session = NULL;
    mk_version *version = other;
    now = s;
    mk_engine *engine = engine_with(response_bytes);
    if (!other)
        assert_int_equal(mk_session_parked_version(&version, book->parked, book->parked_len), MK_OK);
    mk_session_input input = input_of(version, NULL);
    assert_int_equal(mk_session_resume(&session, engine, &input, book->parked, book->parked_len, &driver, NULL), MK_OK);
    run_loop(session);
    if (!other)
        mk_version_unref(version);
    mk_engine_free(engine);
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* In a new process, which finds its own addresses. */
static void go_on_elsewhere(const scenario *s, int fd)
{
    char path[PATH_MAX] = "", number[12], shared[12];
    assert_true(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    snprintf(number, sizeof number, "%d", (int)(s - scenarios));
    snprintf(shared, sizeof shared, "%d", fd);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl(path, path, "--go-on", number, shared, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail_msg("%s: the process that went on ended with %d", s->name, status);
}

static ledger *map_book(int fd)
{
    ledger *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        abort();
    return at;
}

static void clear_book(void)
{
    memset(book, 0, sizeof *book);
}

static int book_fd;
static uint64_t random_state;

static unsigned random_below(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % below;
}

static void compare(const scenario *s, const char *what, const char *whole, const char *got)
{
    size_t same = 0, line = 0;
    for (; whole[same] && whole[same] == got[same]; same++)
        line = whole[same] == '\n' ? same + 1 : line;
    if (strcmp(whole, got) != 0)
        fail_msg("%s: %s differ from here on.\nin one piece:\n%.600s\nin pieces:\n%.600s", s->name, what, whole + line, got + line);
}

/* In pieces by a plan of `how` for every wait, or a random one (-1). */
static void in_pieces(const scenario *s, int how, const ledger *whole)
{
    int parks = 0;
    clear_book();
    for (size_t i = 0; i < MAX_WAITS; i++)
        book->plan[i] = (unsigned char)(how >= 0 ? how : (int)random_below(3));
    start(s);
    for (; !book->outcome[0]; parks++) {
        assert_true(parks <= MAX_WAITS);
        go_on_elsewhere(s, book_fd);
    }
    assert_true(how != PARK || parks > 0);
    if (s->real_clock) { /* times differ from run to run; in one run they must not */
        const char *mark = strchr(book->log, '\n');
        assert_non_null(mark);
        book->log[mark - book->log] = '\0';
        assert_non_null(strstr(mark + 1, book->log));
        assert_int_equal(count_of(book->seen, "POST /login "), 1);
        assert_non_null(strstr(book->outcome, "\"meters\""));
        assert_true(count_of(book->seen, "/poll ") <= 6);
        return;
    }
    compare(s, "printed lines", whole->log, book->log);
    compare(s, "outcomes", whole->outcome, book->outcome);
    compare(s, "requests", whole->seen, book->seen);
}

static void a_session_in_pieces_is_the_same(void **state)
{
    const scenario *s = *state;
    static ledger whole;
    clear_book();
    start(s);
    memcpy(&whole, book, sizeof whole);
    if (!strstr(whole.outcome, "\"meters\""))
        fail_msg("%s: %s", s->name, whole.outcome);
    in_pieces(s, GO_ON, &whole);
    in_pieces(s, PARK, &whole);
    in_pieces(s, DROP, &whole);
    for (int i = 0; i < TURNS; i++)
        in_pieces(s, -1, &whole);
}

static void park_first(const scenario *s)
{
    clear_book();
    book->plan[0] = PARK;
    start(s);
    assert_int_equal(book->outcome[0], '\0');
    book->seen[0] = '\0';
}

static void assert_diverges(void)
{
    if (!strstr(book->outcome, "\"engine.replay_diverged\""))
        fail_msg("%s", book->outcome);
    assert_string_equal(book->seen, ""); /* not a byte was sent */
    assert_null(strstr(book->outcome, "hunter2"));
}

static void diverges_with(const scenario *s, const char *change)
{
    park_first(s);
    mk_version *other = version_of(s, change);
    go_on(s, other, 0);
    assert_diverges();
    mk_version_unref(other);
}

static void another_version_diverges(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "s:get('/more') ",                                   /* a request that was not made */
        "s:wait(0.5) ",                                      /* a wait that was not waited */
        "s:now() ",                                          /* the clock read once more */
        "s:ask({ kind = 'question', prompt = '?' }, print) ", /* an answer that nobody gave */
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        diverges_with(&scenarios[0], changes[i]);
}

/* The journal is read to its end, but the question that was parked does not come: nothing may go out instead of it. */
static void what_does_not_ask_again_diverges(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "s:get('/more') ",                        /* a request before the question */
        "s:wait(0.01) ",                          /* a wait before it */
        "page = {} ",                             /* no question, and on to the meters */
        "page = {} s:post('/again', { form = {} }) ",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        diverges_with(&scenarios[1], changes[i]);
}

static void a_response_that_this_engine_would_refuse_diverges(void **state)
{
    (void)state;
    park_first(&scenarios[0]);
    go_on(&scenarios[0], NULL, 20);
    assert_diverges();
}

/* The adapter was edited meanwhile: what is parked goes on with what it began with. */
static void an_edited_script_does_not_disturb(void **state)
{
    (void)state;
    park_first(&scenarios[0]);
    mk_version *edited = version_of(&scenarios[0], "error('edited') "), *travelled = NULL;
    assert_int_equal(mk_session_parked_version(&travelled, book->parked, book->parked_len), MK_OK);
    assert_string_not_equal(mk_version_hash(edited), mk_version_hash(travelled));
    go_on(&scenarios[0], NULL, 0);
    assert_non_null(strstr(book->outcome, "\"meters\""));
    assert_non_null(strstr(book->outcome, mk_version_hash(travelled)));
    assert_null(strstr(book->seen, "/login"));
    mk_version_unref(edited);
    mk_version_unref(travelled);
}

static void an_unknown_replay_number_is_told(void **state)
{
    (void)state;
    mk_version *version = NULL;
    mk_session *session = NULL;
    park_first(&scenarios[0]);
    unsigned char *at = memmem(book->parked, book->parked_len, "MKV1", 4);
    assert_non_null(at);
    assert_int_equal(at[4], MK_REPLAY_NUMBER);
    at[4] = MK_REPLAY_NUMBER + 1;
    assert_int_equal(mk_session_parked_version(&version, book->parked, book->parked_len), MK_EVERSION);
    assert_null(version);
    at[4] = MK_REPLAY_NUMBER;
    at = memmem(book->parked, book->parked_len, "meterkey session 1", 18);
    assert_non_null(at);
    at[17] = '2';
    assert_int_equal(mk_session_parked_version(&version, book->parked, book->parked_len), MK_EVERSION);
    mk_version *any = version_of(&scenarios[0], "");
    mk_engine *engine = engine_with(0);
    mk_session_input input = input_of(any, NULL);
    assert_int_equal(mk_session_resume(&session, engine, &input, book->parked, book->parked_len, &driver, NULL), MK_EVERSION);
    at[0] = 'x';
    assert_int_equal(mk_session_resume(&session, engine, &input, book->parked, book->parked_len, &driver, NULL), MK_EPARSE);
    assert_null(session);
    mk_version_unref(any);
    mk_engine_free(engine);
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* Cut anywhere, or a bit turned: refused, or diverged, or (in a text that nobody reads) the same; never a crash, and
 * never a request that was made before. */
static void broken_bytes_are_refused(void **state)
{
    (void)state;
    park_first(&scenarios[0]);
    size_t all = book->parked_len;
    static unsigned char good[sizeof book->parked];
    memcpy(good, book->parked, all);
    mk_version *version = NULL;
    assert_int_equal(mk_session_parked_version(&version, good, all), MK_OK);
    mk_engine *engine = engine_with(0);
    for (int i = 0; i < 400; i++) {
        mk_session *session = NULL;
        mk_session_input input = input_of(version, NULL);
        size_t len = i % 2 ? all : random_below((unsigned)all);
        memcpy(book->parked, good, all);
        if (i % 2)
            book->parked[random_below((unsigned)all)] ^= (unsigned char)(1u << random_below(8));
        book->outcome[0] = book->seen[0] = '\0';
        book->next_answer = book->waits = 0;
        int err = mk_session_resume(&session, engine, &input, book->parked, len, &driver, NULL);
        if (len < all)
            assert_int_equal(err, MK_EPARSE);
        if (err)
            continue;
        run_loop(session);
        assert_null(strstr(book->seen, "POST /login"));
    }
    mk_version_unref(version);
    mk_engine_free(engine);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void start_all(void)
{
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    if (uv_loop_init(&loop) != 0)
        abort();
}

int main(int argc, char **argv)
{
    start_all();
    if (argc == 4 && strcmp(argv[1], "--go-on") == 0) {
        book = map_book((int)strtol(argv[3], NULL, 10));
        go_on(&scenarios[strtol(argv[2], NULL, 10) % SCENARIOS], NULL, 0);
        return uv_loop_close(&loop) == 0 ? 0 : 1;
    }
    const char *given = getenv("MK_SEED");
    random_state = given ? strtoul(given, NULL, 10) : (unsigned long)getpid();
    print_message("seed %lu (MK_SEED)\n", (unsigned long)random_state);
    book_fd = memfd_create("book", 0);
    if (book_fd < 0 || ftruncate(book_fd, sizeof *book) != 0)
        return 1;
    book = map_book(book_fd);
    struct CMUnitTest tests[SCENARIOS + 6];
    for (size_t i = 0; i < SCENARIOS; i++)
        tests[i] = (struct CMUnitTest){scenarios[i].name, a_session_in_pieces_is_the_same, NULL, NULL, (void *)(uintptr_t)&scenarios[i]};
    const struct CMUnitTest more[] = {
        cmocka_unit_test(another_version_diverges), cmocka_unit_test(what_does_not_ask_again_diverges),
        cmocka_unit_test(a_response_that_this_engine_would_refuse_diverges),
        cmocka_unit_test(an_edited_script_does_not_disturb),
        cmocka_unit_test(an_unknown_replay_number_is_told),
        cmocka_unit_test(broken_bytes_are_refused),
    };
    memcpy(tests + SCENARIOS, more, sizeof more);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    uv_loop_close(&loop);
    return failed;
}
