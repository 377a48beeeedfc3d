/* service.c - requests to the whole service with the n-th allocation failing, C's and Lua's alike (tests)
 *
 * For each n, once with that allocation alone failing: the service lives, the request is answered as without failures, with 500 or 503, or its
 * connection is closed; the next request is answered as ever. Workers do nothing here.
 *
 *   MK_SEED=n        which n are tried (a sample); printed
 *   MK_TORTURE=full  all of them */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "service/config.h"
#include "service/service.h"
#include "vault/seal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAMPLES = 40, PATIENCE_MS = 6000 };

typedef struct request {
    const char *name, *line, *type, *body; /* @ in the line: a customer's link */
    bool token;
} request;

static struct {
    uv_loop_t loop;
    uv_timer_t wake;
    mk_service *service;
    json_t *config;
    int port;
    char token[128], form[256];
} t;

static const request requests[] = {
    { "health", "GET /healthz", NULL, "", false },
    { "a page", "GET /dashboard/sign-in", NULL, "", false },
    { "a customer's page", "GET @?utility=NONE&email=ada%40mail.test", NULL, "", false },
    { "a form with credentials", "POST @/consent", "application/x-www-form-urlencoded",
      "utility=NONE&email=ada%40mail.test&c.username=ada&c.password=fern-Lantern&guard=x", false },
    { "a sign-in", "POST /dashboard/sign-in", "application/x-www-form-urlencoded", "email=o%40team.test&password=wrong", false },
    { "a data request", "POST /api/v2/forms", "application/json", "{\"customer_email\": \"ada@mail.test\", \"disabled\": true}", true },
    { "an answer with a secret", "POST /api/v2/authorizations/1/challenge", "application/json", "{\"id\": \"x\", \"answer\": \"424242\"}", true },
    { "a list", "GET /api/v2/forms?limit=3", NULL, "", true },
    { "metrics", "GET /metrics", NULL, "", true },
};

/* --- one request ------------------------------------------------------------------------ */

static int connect_to(void)
{
    const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)t.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        abort();
    return fd;
}

static void on_wake(uv_timer_t *timer)
{
    (void)timer;
}

/* The status; 0: closed without an answer; -1: neither in time. */
static int ask(const request *what, unsigned long n)
{
    char raw[2000], reply[65536];
    const uint64_t limit = uv_hrtime() + PATIENCE_MS * 1000000ULL;
    const int fd = connect_to();
    ssize_t got = -1;
    int status = -1;
    const int before = (int)strcspn(what->line, "@");
    const char *after = what->line[before] ? what->line + before + 1 : NULL;
    const int len = snprintf(raw, sizeof raw,
                             "%.*s%s%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=b\r\n%s%s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                             before, what->line, after ? t.form : "", after ? after : "", what->token ? "Authorization: Bearer " : "X-A: b",
                             what->token ? t.token : "", what->type ? what->type : "text/plain", strlen(what->body), what->body);
    if (send(fd, raw, (size_t)len, MSG_NOSIGNAL) != len)
        abort();
    mk_mem_fail_at(n, false);
    while (got < 0 && uv_hrtime() < limit) {
        uv_timer_start(&t.wake, on_wake, 20, 0);
        uv_run(&t.loop, UV_RUN_ONCE);
        got = recv(fd, reply, sizeof reply - 1, MSG_DONTWAIT);
        if (got < 0 && errno == ECONNRESET)
            got = 0;
    }
    mk_mem_fail_at(0, false);
    if (got > 12)
        status = (int)strtol(reply + 9, NULL, 10);
    else if (got >= 0)
        status = 0;
    close(fd);
    for (int i = 0; i < 5; i++) /* the server sees that we left */
        uv_run(&t.loop, UV_RUN_NOWAIT);
    return status;
}

static bool torture(const request *what, unsigned long *random, bool full)
{
    const int right = ask(what, 0);
    const unsigned long before = mk_mem_count();
    bool good = right >= 200 && ask(what, 0) == right;
    const unsigned long count = mk_mem_count() - before;
    unsigned long step = full || count <= SAMPLES ? 1 : count / SAMPLES, tried = 0, differ = 0;
    for (unsigned long n = 1 + (step > 1 ? (*random = *random * 6364136223846793005UL + 1442695040888963407UL) % step : 0); good && n <= count;
         n += step, tried++) {
        const int status = ask(what, n);
        differ += status != right;
        good = status == right || status == 500 || status == 503 || status == 0;
        if (good && ask(what, 0) != right)
            good = false;
        if (!good)
            printf("# at allocation %lu: %d; without failures %d\n", n, status, right);
    }
    printf("%s - %s: %d, %lu of %lu allocations fail, %lu seen\n", good ? "ok" : "not ok", what->name, right, tried, count, differ);
    fflush(stdout);
    return good;
}

/* --- the service -------------------------------------------------------------------------- */

static bool command(json_t *message, char *out, size_t cap)
{
    char why[MK_SERVICE_WHY] = "";
    json_t *result = NULL;
    const int err = mk_service_command(t.config, message, &result, why);
    const char *text = json_string_value(json_object_get(result, "ok"));
    if (text)
        snprintf(out, cap, "%s", text);
    else
        fprintf(stderr, "%s %s\n", why, err ? mk_err_text(err) : "");
    json_decref(result);
    return text != NULL;
}

static void set(const char *name, json_t *value)
{
    json_object_set_new(t.config, name, value);
}

/* A data request's link, read from the store by the API's own answer. */
static bool make_form(void)
{
    char raw[600], reply[16384];
    const int fd = connect_to();
    size_t len = (size_t)snprintf(raw, sizeof raw,
                                  "POST /api/v2/forms HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Length: 2\r\n\r\n{}", t.token);
    if (send(fd, raw, len, MSG_NOSIGNAL) != (ssize_t)len)
        return false;
    len = 0;
    for (int i = 0; i < 300; i++) {
        uv_timer_start(&t.wake, on_wake, 20, 0);
        uv_run(&t.loop, UV_RUN_ONCE);
        const ssize_t got = recv(fd, reply + len, sizeof reply - 1 - len, MSG_DONTWAIT);
        if (got == 0)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    reply[len] = '\0';
    const char *at = strstr(reply, "/f/");
    return at && sscanf(at, "%200[/A-Za-z0-9_-]", t.form) == 1;
}

static bool begin(char *folder)
{
    char text[600], why[MK_SERVICE_WHY] = "";
    if (mk_config_read(&t.config, NULL, why, sizeof why) != MK_OK)
        return false;
    snprintf(text, sizeof text, "sqlite:%s/store.db", folder);
    set("store", json_string(text));
    set("scripts", json_string(folder));
    set("mail_folder", json_string(folder));
    set("runtime", json_string("runtime"));
    set("listen", json_string("127.0.0.1:0"));
    set("workers", json_integer(1));
    set("require_confinement", json_false());
    set("api_per_second", json_integer(1000000));
    json_t *user = json_pack("{s:s, s:s, s:s, s:s, s:s}", "command", "user add", "email", "o@team.test", "team", "Team", "role", "owner", "password",
                             "correct horse battery");
    json_t *token = json_pack("{s:s, s:s, s:s}", "command", "token create", "team", "Team", "name", "first");
    if (!command(user, text, sizeof text) || !command(token, t.token, sizeof t.token))
        return false;
    if (mk_service_start(&t.service, &t.loop, t.config, why) != MK_OK) {
        fprintf(stderr, "%s\n", why);
        return false;
    }
    t.port = (int)strtol(strrchr(mk_service_url(t.service), ':') + 1, NULL, 10);
    return make_form();
}

static void on_stopped(void *arg)
{
    (void)arg;
    uv_close((uv_handle_t *)&t.wake, NULL);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/mk-torture-XXXXXX", path[100], byte;
    static const char *const files[] = { "store.db", "store.db-wal", "store.db-shm", "store.db-lock", "store.db.key" };
    const char *given = getenv("MK_SEED"), *how = getenv("MK_TORTURE");
    unsigned long random = given ? strtoul(given, NULL, 10) : (unsigned long)getpid();
    bool good = true;
    if (argc > 1 && strcmp(argv[1], "worker") == 0) { /* what the service starts: it does nothing, until its socket closes */
        while (read(3, &byte, 1) > 0)
            ;
        return 0;
    }
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    if (mk_net_init() || mk_vault_init() || !mkdtemp(folder))
        return 1;
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    mk_log_set(MK_LOG_OFF, NULL, NULL);
    uv_loop_init(&t.loop);
    uv_timer_init(&t.loop, &t.wake);
    if (!begin(folder))
        return 1;
    printf("# seed %lu (MK_SEED)\n", random);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (argc < 2 || strstr(requests[i].name, argv[1]))
            good = torture(&requests[i], &random, how && strcmp(how, "full") == 0) && good;
    mk_service_stop(t.service, on_stopped, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    mk_service_free(t.service);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    json_decref(t.config);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return good ? 0 : 1;
}
