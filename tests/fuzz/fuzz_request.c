/* fuzz_request.c - what an HTTP client sends, from its bytes to the handler's table (fuzz target of service)
 *
 * A byte (the kind of body), a line (a path, a query's pairs parted by blanks), a body. What is read is written so that it reads the same; a customer's
 * secrets are in the sealed part, all of them, and nowhere else; what is said of a broken body quotes nothing of it. */
#include "base/codec.h"
#include "base/err.h"
#include "parse/json.h"
#include "service/body.h"
#include "service/own.h"
#include "vault/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 40 };
static const char form[] = "application/x-www-form-urlencoded";
static mk_service service;

static void must(int holds)
{
    if (!holds)
        abort();
}

/* A store and its keys, the files of which are gone at once. */
static void begin(void)
{
    static const char *const names[] = { "store.db", "store.db-wal", "store.db-shm", "key" };
    char folder[] = "/tmp/meterkey-fuzz-XXXXXX", path[100], key[100], why[MK_STORE_WHY];
    mk_json_init();
    unsetenv("METERKEY_KEY");
    unsetenv("CREDENTIALS_DIRECTORY");
    must(mk_vault_init() == MK_OK && mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/store.db", folder);
    snprintf(key, sizeof key, "%s/key", folder);
    must(mk_store_open(&service.store, path, true, why) == MK_OK && mk_store_migrate(service.store, 0, NULL, why) == MK_OK);
    must(mk_keys_open(&service.keys, service.store, key, true, why) == MK_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* --- the line ---------------------------------------------------------------------------- */

static bool is_secret(const char *name)
{
    return strncmp(name, "c.", 2) == 0 || strncmp(name, "a.", 2) == 0;
}

/* Nothing of it is named so. */
static void no_secret(const json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
        must(!is_secret(name));
}

static void paths(const char *line)
{
    mk_buf again;
    char *text = mk_strdup(line);
    const size_t len = mk_body_unescape(text);
    mk_buf_init(&again, 1 << 20);
    must(strlen(text) == len && len <= strlen(line));
    must(mk_percent_encode(&again, text, len, false) == MK_OK);
    must(mk_body_unescape(again.data) == len && strcmp(again.data, text) == 0);
    mk_buf_free(&again);
    mk_free(text);
}

/* One name twice: a query's are joined, a header's are not but for X-Forwarded-*. */
static void pairs(const char *line, bool header)
{
    json_t *object = json_object();
    char *text = mk_strdup(line);
    for (char *name = text, *next; name; name = next) {
        const size_t len = strcspn(name, " ");
        next = name[len] ? name + len + 1 : NULL;
        name[len] = '\0';
        char *value = strchr(name, '=');
        if (value)
            *value++ = '\0';
        const size_t before = json_object_size(object);
        const int err = mk_web_pair(object, name, value ? value : "", header);
        must(err == MK_OK || err == MK_EPARSE);
        must(!err || json_object_size(object) == before);
        must(err || (strlen(name) < 256 && mk_utf8_valid(name, strlen(name)) && json_object_size(object) <= before + 1));
    }
    mk_buf out;
    mk_buf_init(&out, 1 << 24);
    no_secret(object);
    must(mk_json_write(&out, object) == MK_OK); /* Lua can have it */
    mk_buf_free(&out);
    mk_free(text);
    json_decref(object);
}

/* --- the body ------------------------------------------------------------------------------ */

/* Written and read again they are the same. */
static void fields_again(const mk_headers *fields)
{
    mk_buf text;
    mk_headers again = { 0 };
    mk_buf_init(&text, 1 << 24);
    for (size_t i = 0; i < fields->count; i++) {
        must(mk_percent_encode(&text, fields->list[i].name, strlen(fields->list[i].name), true) == MK_OK && mk_buf_addc(&text, '=') == MK_OK);
        must(mk_percent_encode(&text, fields->list[i].value, fields->list[i].value_len, true) == MK_OK && mk_buf_addc(&text, '&') == MK_OK);
    }
    must(mk_body_fields(&again, (mk_bytes){ text.data, text.len }, MOST) == MK_OK && again.count == fields->count);
    for (size_t i = 0; i < again.count; i++)
        must(strcmp(again.list[i].name, fields->list[i].name) == 0 && strcmp(again.list[i].value, fields->list[i].value) == 0);
    mk_headers_free(&again);
    mk_buf_free(&text);
}

static void check_form(const json_t *request, const mk_headers *fields)
{
    const json_t *left = json_object_get(request, "fields"), *sealed = json_object_get(request, "sealed");
    const char *wrong = json_string_value(json_object_get(sealed, "wrong"));
    json_t *open = mk_secrets_unseal(&service, "credentials", json_object_get(sealed, "credentials"));
    size_t given = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = fields->list[i].name;
        const bool secret = is_secret(name);
        must(!json_object_get(left, name) == secret);
        if (*name != 'c' || !secret)
            continue;
        must(wrong || json_is_string(json_object_get(open, name + 2)));
        given++;
    }
    must(json_object_size(open) <= given && (!wrong || !open));
    must(!json_object_get(request, "body") || json_is_true(json_object_get(request, "body")));
    json_decref(open);
}

/* What a form would name a secret goes. */
static void drop(json_t *object)
{
    void *after;
    const char *name;
    json_t *value;
    json_object_foreach_safe(object, after, name, value)
        if (is_secret(name))
            json_object_del(object, name);
}

/* Secrets put back, it is what came; of a list nothing is there. */
static void check_json(json_t *request, mk_bytes body)
{
    static const char *const kinds[] = { "credentials", "answer" };
    json_t *came = mk_json_load(body.data, body.len, JSON_REJECT_DUPLICATES, NULL), *left = json_object_get(request, "json");
    const json_t *sealed = json_object_get(request, "sealed");
    must(came && left);
    no_secret(left);
    drop(came);
    if (json_is_array(came))
        json_array_clear(came);
    const bool wrong = json_object_get(sealed, "wrong") != NULL;
    for (size_t i = 0; json_is_object(came) && i < 2; i++) {
        must(!json_object_get(left, kinds[i]));
        json_t *open = mk_secrets_unseal(&service, kinds[i], json_object_get(sealed, kinds[i]));
        must(!wrong || !open);
        if (wrong)
            json_object_del(came, kinds[i]);
        if (open)
            json_object_set_new(left, kinds[i], open);
    }
    must(json_equal(came, left));
    json_decref(came);
}

static void check_error(const json_t *request, mk_bytes body)
{
    static const char *const marks[] = { "hunter2", "fern" };
    const char *said = json_string_value(json_object_get(request, "body_error"));
    must(strncmp(said, "line ", 5) == 0 && !json_object_get(request, "json") && !json_object_get(request, "sealed"));
    for (size_t i = 0; i < 2; i++)
        must(!strstr(said, marks[i]) || !memmem(body.data, body.len, marks[i], strlen(marks[i])));
}

static void bodies(const char *type, mk_bytes body)
{
    mk_headers fields = { 0 };
    json_t *request = json_object();
    int err = mk_body_is_form(type) && !mk_body_is_json(body) ? mk_body_fields(&fields, body, MOST) : MK_OK;
    must(err == MK_OK || err == MK_EPARSE || err == MK_ELIMIT);
    must(fields.count <= MOST);
    fields_again(&fields);
    if (!err)
        err = mk_web_body(&service, request, type, &fields, body);
    must(err == MK_OK || err == MK_EPARSE || err == MK_ELIMIT);
    mk_buf out;
    mk_buf_init(&out, 1 << 24);
    must(err || mk_json_write(&out, request) == MK_OK);
    mk_buf_free(&out);
    if (!err && json_object_get(request, "body_error"))
        check_error(request, body);
    else if (!err && json_object_get(request, "json"))
        check_json(request, body);
    else if (!err)
        check_form(request, &fields);
    json_decref(request);
    mk_headers_free(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = { form, "application/json", NULL, "text/csv" };
    const uint8_t *end = size ? memchr(data + 1, '\n', size - 1) : NULL;
    if (!service.keys)
        begin();
    if (!end)
        return 0;
    char *line = mk_memdup(data + 1, (size_t)(end - data) - 1);
    paths(line);
    pairs(line, data[0] & 4);
    mk_body_over(line, size);
    mk_body_is_form(line);
    bodies(types[data[0] & 3], (mk_bytes){ (const char *)end + 1, size - (size_t)(end - data) - 1 });
    mk_free(line);
    return 0;
}
