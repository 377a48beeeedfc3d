/* direct.c - the yardstick of the speed test: the ten exchanges hand-written on
 * libcurl (test program).
 *
 *   direct PORT BUNDLE.pem SESSIONS CONCURRENCY
 *
 * What a careful C programmer would write for this one portal: nothing parsed,
 * tokens found with strstr, the certificate bundle loaded once for all. As in
 * Meterkey each session has connections of its own, since those of two customers
 * must not be shared. Each of CONCURRENCY threads does one session after another. */
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BODY_MAX = 128 * 1024, TOKEN_LEN = 32, WARM_UP = 20 };

typedef struct {
    CURL *easy;
    char *body;
    size_t len;
    char token[TOKEN_LEN + 1];
    unsigned meters;
} visit;

static X509_STORE *store;
static const char *port;
static unsigned long todo, failed, meters_seen;
static double *latency;
static unsigned long finished;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t on_body(char *data, size_t one, size_t n, void *arg)
{
    visit *v = arg;
    if (n > BODY_MAX - v->len)
        return 0;
    memcpy(v->body + v->len, data, n * one);
    v->len += n;
    v->body[v->len] = '\0';
    return n;
}

static CURLcode on_context(CURL *easy, void *ctx, void *arg)
{
    (void)easy, (void)arg;
    SSL_CTX_set1_cert_store(ctx, store);
    return CURLE_OK;
}

/* One exchange; redirects are followed by libcurl and are exchanges as well. */
static bool go(visit *v, const char *path, const char *form)
{
    char url[128];
    long status = 0;
    snprintf(url, sizeof url, "https://127.0.0.1:%s%s", port, path);
    v->len = 0;
    curl_easy_setopt(v->easy, CURLOPT_URL, url);
    if (form)
        curl_easy_setopt(v->easy, CURLOPT_POSTFIELDS, form);
    else
        curl_easy_setopt(v->easy, CURLOPT_HTTPGET, 1L);
    if (curl_easy_perform(v->easy) != CURLE_OK)
        return false;
    curl_easy_getinfo(v->easy, CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
}

static bool find_token(visit *v, const char *before)
{
    const char *at = strstr(v->body, before);
    if (!at || strlen(at + strlen(before)) < TOKEN_LEN)
        return false;
    memcpy(v->token, at + strlen(before), TOKEN_LEN);
    v->token[TOKEN_LEN] = '\0';
    return true;
}

static void count_meters(visit *v)
{
    for (const char *at = v->body; (at = strstr(at, "\"serial\":\"")); at++)
        v->meters++;
}

static bool sign_in(visit *v)
{
    char form[256];
    if (!go(v, "/", NULL) || !find_token(v, "name=\"csrf\" value=\""))
        return false;
    snprintf(form, sizeof form, "csrf=%s&username=bench.customer%%40mail.test&password=Correct-Horse-9", v->token);
    if (!go(v, "/login", form) || !find_token(v, "name=\"csrf\" value=\""))
        return false;
    snprintf(form, sizeof form, "csrf=%s&code=424242", v->token);
    return go(v, "/mfa", form) && find_token(v, "name=\"api-token\" content=\"");
}

static bool read_meters(visit *v)
{
    char line[64];
    snprintf(line, sizeof line, "X-Api-Token: %s", v->token);
    struct curl_slist *headers = curl_slist_append(NULL, line);
    curl_easy_setopt(v->easy, CURLOPT_HTTPHEADER, headers);
    bool ok = go(v, "/api/profile", NULL) && go(v, "/api/accounts", NULL);
    for (int i = 1; ok && i <= 2; i++) {
        char path[64];
        snprintf(path, sizeof path, "/api/accounts/%d/meters", i);
        ok = go(v, path, NULL);
        if (ok)
            count_meters(v);
    }
    curl_easy_setopt(v->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return ok;
}

static bool session(visit *v)
{
    v->meters = 0;
    v->easy = curl_easy_init();
    curl_easy_setopt(v->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(v->easy, CURLOPT_WRITEDATA, v);
    curl_easy_setopt(v->easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(v->easy, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(v->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(v->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(v->easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(v->easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(v->easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(v->easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
    bool ok = sign_in(v) && read_meters(v) && v->meters == 6;
    curl_easy_cleanup(v->easy);
    return ok;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void *work(void *arg)
{
    visit v = { .body = malloc(BODY_MAX + 1) };
    (void)arg;
    for (;;) {
        pthread_mutex_lock(&lock);
        bool more = v.body && todo > 0;
        todo -= more;
        pthread_mutex_unlock(&lock);
        if (!more)
            break;
        double start = now_ms();
        bool ok = session(&v);
        pthread_mutex_lock(&lock);
        latency[finished++] = now_ms() - start;
        failed += !ok;
        meters_seen += v.meters;
        pthread_mutex_unlock(&lock);
    }
    free(v.body);
    return NULL;
}

static void run(unsigned long sessions, unsigned threads)
{
    pthread_t id[256];
    todo = sessions;
    failed = finished = meters_seen = 0;
    for (unsigned i = 0; i < threads; i++)
        pthread_create(&id[i], NULL, work, NULL);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(id[i], NULL);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    unsigned long sessions = argc == 5 ? strtoul(argv[3], NULL, 10) : 0, threads = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    if (!sessions || !threads || threads > 256) {
        fprintf(stderr, "usage: direct PORT BUNDLE.pem SESSIONS CONCURRENCY\n");
        return 2;
    }
    port = argv[1];
    curl_global_init(CURL_GLOBAL_ALL);
    store = X509_STORE_new();
    latency = calloc(sessions > WARM_UP ? sessions : WARM_UP, sizeof *latency);
    if (!latency || !store || X509_STORE_load_file(store, argv[2]) != 1) {
        fprintf(stderr, "direct: cannot load %s\n", argv[2]);
        return 1;
    }
    run(WARM_UP, (unsigned)threads);
    double cpu = cpu_ms(), start = now_ms();
    run(sessions, (unsigned)threads);
    cpu = cpu_ms() - cpu;
    double wall = now_ms() - start;
    qsort(latency, sessions, sizeof *latency, by_size);
    printf("{\"client\": \"direct\", \"sessions\": %lu, \"failed\": %lu, \"meters\": %lu, \"cpu_ms_per_session\": %.3f, "
           "\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"wall_ms\": %.0f}\n", sessions, failed, meters_seen,
           cpu / (double)sessions, latency[sessions / 2], latency[sessions * 99 / 100], wall);
    free(latency);
    X509_STORE_free(store);
    curl_global_cleanup();
    return failed != 0;
}
