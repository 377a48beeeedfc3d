/* host.c - the functions that the service's Lua calls (layer service)
 *
 * docs/service.md has the table. Each takes a JSON list and gives JSON. */
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "service/own.h"
#include "service/pool.h"
#include "vault/totp.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *text_at(const json_t *args, size_t i)
{
    return json_string_value(json_array_get(args, i));
}

static int wants(char *why, const char *what)
{
    snprintf(why, MK_APP_WHY, "%s", what);
    return MK_EINVAL;
}

static int given(json_t **result, json_t *value)
{
    *result = value;
    return value ? MK_OK : MK_ENOMEM;
}

/* --- store and actions ------------------------------------------------------------ */

/* {blob=true} is what came with this unit's input and never entered Lua. */
static int put_blobs(mk_service *service, json_t *parameters)
{
    size_t i;
    json_t *one;
    json_array_foreach(parameters, i, one)
    {
        if (!json_object_get(one, "blob"))
            continue;
        json_t *blob = mk_unit_blob(service);
        if (!blob || json_array_set_new(parameters, i, json_pack("{s:O}", "raw", blob)))
            return MK_EINVAL;
    }
    return MK_OK;
}

static int h_query(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    mk_service *service = arg;
    (void)task;
    const char *sql = text_at(args, 0);
    json_t *parameters = json_copy((json_t *)(uintptr_t)args);
    if (!sql || !parameters || json_array_remove(parameters, 0) || put_blobs(service, parameters)) {
        json_decref(parameters);
        return wants(why, "query(sql, ...)");
    }
    char problem[MK_STORE_WHY] = "";
    int err = mk_store_query(service->store, sql, parameters, result, problem);
    json_decref(parameters);
    if (err == MK_EIO)
        mk_unit_unkept(service);
    if (err)
        snprintf(why, MK_APP_WHY, "%s", problem);
    return err;
}

static int h_after(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)task;
    (void)result;
    json_t *action = json_array_get(args, 0);
    if (!json_is_object(action) || !json_is_string(json_object_get(action, "do")))
        return wants(why, "after{do=..., ...}");
    return mk_unit_act(arg, action);
}

/* --- random, hashes ----------------------------------------------------------------- */

static int h_random(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    uint8_t bytes[64];
    mk_buf text;
    (void)arg;
    (void)task;
    const json_int_t count = json_integer_value(json_array_get(args, 0));
    if (count < 1 || count > (json_int_t)sizeof bytes)
        return wants(why, "random(n), 1 to 64");
    mk_random_fill(bytes, (size_t)count);
    mk_buf_init(&text, 256);
    int err = mk_base64_encode(&text, bytes, (size_t)count, true);
    if (!err)
        err = given(result, json_string(text.data));
    mk_buf_free(&text);
    return err;
}

/* uid() -> twelve digits that nobody has (UtilityAPI's look so; they are opaque) */
static int h_uid(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    uint64_t number;
    (void)arg;
    (void)task;
    (void)args;
    (void)why;
    mk_random_fill(&number, sizeof number);
    return given(result, json_sprintf("%llu", (unsigned long long)(number % 900000000000ULL + 100000000000ULL)));
}

static int h_hash(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)task;
    if (!text_at(args, 0))
        return wants(why, "hash(text)");
    return given(result, mk_secrets_hash(arg, text_at(args, 0), json_string_length(json_array_get(args, 0))));
}

static int h_sha256(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    (void)arg;
    (void)task;
    if (!text_at(args, 0))
        return wants(why, "sha256(text)");
    SHA256((const uint8_t *)text_at(args, 0), json_string_length(json_array_get(args, 0)), hash);
    return given(result, mk_secrets_hex(hash, sizeof hash));
}

static int h_seal(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)task;
    if (!text_at(args, 0) || json_array_size(args) != 2)
        return wants(why, "seal(label, value)");
    return given(result, mk_secrets_seal(arg, text_at(args, 0), json_array_get(args, 1)));
}

/* Labels of what customers gave open in C alone. */
static int h_unseal(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    static const char *const closed[] = { "credentials", "answer", "journal", "keep" };
    (void)task;
    const char *label = text_at(args, 0);
    if (!label || json_array_size(args) != 2)
        return wants(why, "unseal(label, sealed)");
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (strcmp(label, closed[i]) == 0)
            return wants(why, "this is for workers alone");
    *result = mk_secrets_unseal(arg, label, json_array_get(args, 1));
    return *result ? MK_OK : wants(why, "it does not open");
}

/* --- time, log ------------------------------------------------------------------------ */

static int h_now(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    struct timespec now;
    (void)arg;
    (void)task;
    (void)args;
    (void)why;
    clock_gettime(CLOCK_REALTIME, &now);
    return given(result, json_integer((json_int_t)now.tv_sec * 1000000 + now.tv_nsec / 1000));
}

static int h_log(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)arg;
    (void)task;
    (void)result;
    const char *level = text_at(args, 0), *text = text_at(args, 1), *who = text_at(args, 2);
    if (!level || !text)
        return wants(why, "log(level, text[, who])");
    for (int i = MK_LOG_DEBUG; i < MK_LOG_OFF; i++)
        if (strcmp(level, mk_log_level_name((enum mk_log_level)i)) == 0)
            mk_log((enum mk_log_level)i, who, "%s", text);
    return MK_OK;
}

/* listeners(topic) -> how many stream it; streamers() -> by whose right anything is; workers() -> {ready, sessions, free, deaths} */
static int h_listeners(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)task;
    return text_at(args, 0) ? given(result, json_integer((json_int_t)mk_stream_count(arg, text_at(args, 0)))) : wants(why, "listeners(topic)");
}

/* store() -> {statements, steps, commits, commit_us}: since the start */
static int h_store(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    const mk_service *service = arg;
    const mk_store_counts *counts = mk_store_counted(service->store);
    (void)task;
    (void)args;
    (void)why;
    return given(result, json_pack("{s:I, s:I, s:I, s:I}", "statements", (json_int_t)counts->statements, "steps", (json_int_t)counts->steps,
                                   "commits", (json_int_t)counts->commits, "commit_us", (json_int_t)counts->commit_us));
}

/* outbox() -> {webhook, mail, mails}: how many of each may be handed over now; which mails were, and are not told of yet */
static int h_outbox(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    const mk_service *service = arg;
    (void)task;
    (void)args;
    (void)why;
    return given(result, mk_outbound_room(service->outbound));
}

static int h_streamers(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)task;
    (void)args;
    (void)why;
    return given(result, mk_stream_who(arg));
}

static int h_workers(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    const mk_service *service = arg;
    (void)task;
    (void)args;
    (void)why;
    return given(result, service->pool ? mk_pool_counts(service->pool)
                                       : json_pack("{s:i, s:i, s:i, s:i}", "ready", 0, "sessions", 0, "free", 0, "deaths", 0));
}

/* --- passwords: slow on purpose, so beside the loop ------------------------------------ */

typedef struct hashing {
    uv_work_t work;
    mk_service *service;
    mk_unit *unit;
    mk_app_task *task;
    char *text, hash[crypto_pwhash_STRBYTES];
    bool check, ok;
} hashing;

static void on_work(uv_work_t *work)
{
    hashing *h = work->data;
    const size_t len = strlen(h->text);
    h->ok = h->check ? crypto_pwhash_str_verify(h->hash, h->text, len) == 0
                     : crypto_pwhash_str(h->hash, h->text, len, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

static void on_worked(uv_work_t *work, int status)
{
    hashing *h = work->data;
    json_t *value = h->check ? json_boolean(h->ok) : json_string(h->hash);
    const char *why = status || !value || (!h->ok && !h->check) ? "the password could not be hashed" : NULL;
    mk_unit_resume(h->service, h->unit, h->task, value, why);
    json_decref(value);
    mk_free(h->text);
    mk_free(h);
}

static int begin_hashing(mk_service *service, mk_app_task *task, const char *text, const char *hash)
{
    hashing *h = mk_calloc(1, sizeof *h);
    if (!h || !(h->text = mk_strdup(text))) {
        mk_free(h);
        return MK_ENOMEM;
    }
    h->work.data = h;
    h->service = service;
    h->task = task;
    h->check = hash != NULL;
    if (hash)
        snprintf(h->hash, sizeof h->hash, "%s", hash);
    if (uv_queue_work(service->loop, &h->work, on_work, on_worked)) {
        mk_free(h->text);
        mk_free(h);
        return MK_ENOMEM;
    }
    h->unit = mk_unit_pause(service);
    return MK_APP_WAITS;
}

static int h_password_hash(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)result;
    return text_at(args, 0) ? begin_hashing(arg, task, text_at(args, 0), NULL) : wants(why, "password_hash(text)");
}

static int h_password_check(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    (void)result;
    const char *hash = text_at(args, 0), *text = text_at(args, 1);
    if (!hash || !text)
        return wants(why, "password_check(hash, text)");
    return begin_hashing(arg, task, text, hash);
}

/* --- the loop's turn ---------------------------------------------------------------------- */

typedef struct turning {
    uv_idle_t idle; /* not a timer: one of no milliseconds may be called in the same round again */
    mk_service *service;
    mk_unit *unit;
    mk_app_task *task;
} turning;

static void on_turn_closed(uv_handle_t *handle)
{
    mk_free(handle->data);
}

static void on_turn(uv_idle_t *idle)
{
    turning *t = idle->data;
    uv_idle_stop(idle);
    mk_unit_resume(t->service, t->unit, t->task, NULL, NULL);
    uv_close((uv_handle_t *)idle, on_turn_closed);
}

/* turn(): goes on once others have had theirs; what was written until then is committed. */
static int h_turn(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    mk_service *service = arg;
    turning *t = mk_calloc(1, sizeof *t);
    (void)args;
    (void)result;
    (void)why;
    if (!t)
        return MK_ENOMEM;
    t->service = service;
    t->task = task;
    t->idle.data = t;
    uv_idle_init(service->loop, &t->idle);
    uv_idle_start(&t->idle, on_turn);
    t->unit = mk_unit_pause(service);
    return MK_APP_WAITS;
}

/* totp_check(secret, code[, after]) -> the step it is of (one before or after now is fine), nil: wrong, or used */
static int h_totp_check(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why)
{
    char right[8];
    (void)arg;
    (void)task;
    const char *secret = text_at(args, 0), *code = text_at(args, 1);
    if (!secret || !code)
        return wants(why, "totp_check(secret, code[, after])");
    const json_int_t after = json_integer_value(json_array_get(args, 2)), now = mk_clock_wall_ms() / 1000 / MK_TOTP_SECONDS;
    for (json_int_t step = now - 1; step <= now + 1; step++)
        if (step > after && mk_totp_at((mk_bytes){ secret, strlen(secret) }, step, right) && strlen(code) == strlen(right) &&
            sodium_memcmp(code, right, strlen(right)) == 0)
            return given(result, json_integer(step));
    return MK_OK;
}

const mk_app_entry mk_host_entries[] = {
    { "query", h_query }, { "after", h_after }, { "random", h_random }, { "uid", h_uid }, { "hash", h_hash }, { "sha256", h_sha256 },
    { "seal", h_seal }, { "unseal", h_unseal }, { "now", h_now }, { "log", h_log },
    { "listeners", h_listeners }, { "streamers", h_streamers }, { "workers", h_workers }, { "store", h_store }, { "outbox", h_outbox },
    { "turn", h_turn },
    { "password_hash", h_password_hash }, { "password_check", h_password_check }, { "totp_check", h_totp_check }, { NULL, NULL }
};
