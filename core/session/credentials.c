/* credentials.c - what the customer typed, in locked memory (layer session) */
#include "base/err.h"
#include "journal/record.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

enum { MAX_VALUE = 512, MAX_FIELDS = 16 };

void mk_credentials_free(mk_credentials *credentials)
{
    if (!credentials)
        return;
    for (size_t i = 0; i < credentials->count; i++) {
        mk_free(credentials->list[i].name);
        mk_secret_unref(credentials->list[i].value);
    }
    mk_free(credentials->list);
    mk_free(credentials);
}

static mk_credentials *new_list(void)
{
    mk_credentials *out = mk_calloc(1, sizeof *out);
    if (out)
        out->list = mk_calloc(MAX_FIELDS, sizeof *out->list);
    if (out && !out->list) {
        mk_free(out);
        out = NULL;
    }
    return out;
}

static int append(mk_credentials *to, const char *name, mk_bytes value, bool secret)
{
    if (to->count == MAX_FIELDS)
        return MK_ELIMIT;
    mk_credential *slot = &to->list[to->count];
    slot->name = mk_strdup(name);
    slot->value = mk_secret_new(value.data, value.len);
    slot->secret = secret;
    if (!slot->name || !slot->value) {
        mk_free(slot->name);
        mk_secret_unref(slot->value);
        *slot = (mk_credential){0};
        return MK_ENOMEM;
    }
    to->count++;
    return MK_OK;
}

static const mk_credential_field *field_of(const mk_manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->credential_count; i++)
        if (strcmp(manifest->credentials[i].name, name) == 0)
            return &manifest->credentials[i];
    return NULL;
}

static int read_one(mk_credentials *to, const char *name, const json_t *value, const mk_manifest *manifest, char *why,
                    size_t cap)
{
    const mk_credential_field *field = field_of(manifest, name);
    if (!field && strcmp(name, "totp_secret") != 0) {
        snprintf(why, cap, "credentials: %s does not ask for '%s'", manifest->id, name);
        return MK_EPARSE;
    }
    if (!json_is_string(value) || json_string_length(value) == 0) {
        snprintf(why, cap, "credentials: '%s' must be a string that is not empty", name);
        return MK_EPARSE;
    }
    if (json_string_length(value) > MAX_VALUE) {
        snprintf(why, cap, "credentials: '%s' is longer than %d bytes", name, MAX_VALUE);
        return MK_EPARSE;
    }
    mk_bytes bytes = {json_string_value(value), json_string_length(value)};
    return append(to, name, bytes, field ? field->secret : true);
}

static int check_present(const mk_credentials *credentials, const mk_manifest *manifest, char *why, size_t cap)
{
    for (size_t i = 0; i < manifest->credential_count; i++) {
        bool found = manifest->credentials[i].optional;
        for (size_t k = 0; k < credentials->count && !found; k++)
            found = strcmp(credentials->list[k].name, manifest->credentials[i].name) == 0;
        if (!found) {
            snprintf(why, cap, "credentials: '%s' is missing", manifest->credentials[i].name);
            return MK_EPARSE;
        }
    }
    return MK_OK;
}

int mk_credentials_read(mk_credentials **out, const json_t *object, const mk_manifest *manifest, char *why, size_t cap)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object)) {
        snprintf(why, cap, "credentials: a JSON object such as {\"username\": \"...\", \"password\": \"...\"} expected");
        return MK_EPARSE;
    }
    mk_credentials *made = new_list();
    int err = made ? MK_OK : MK_ENOMEM;
    json_object_foreach((json_t *)object, name, value)
    {
        if (!err)
            err = read_one(made, name, value, manifest, why, cap);
    }
    if (!err)
        err = check_present(made, manifest, why, cap);
    if (err) {
        mk_credentials_free(made);
        return err;
    }
    *out = made;
    return MK_OK;
}

mk_credentials *mk_credentials_copy(const mk_credentials *from)
{
    mk_credentials *out = new_list();
    for (size_t i = 0; out && i < from->count; i++) {
        if (append(out, from->list[i].name, mk_secret_bytes(from->list[i].value), from->list[i].secret) != MK_OK) {
            mk_credentials_free(out);
            return NULL;
        }
    }
    return out;
}

int mk_credentials_save(const mk_credentials *credentials, mk_buf *out)
{
    int err = mk_record_int(out, (int64_t)credentials->count);
    for (size_t i = 0; !err && i < credentials->count; i++) {
        mk_bytes value = mk_secret_bytes(credentials->list[i].value);
        err = mk_record_text(out, credentials->list[i].name);
        if (!err)
            err = mk_record_int(out, credentials->list[i].secret);
        if (!err)
            err = mk_record_bytes(out, value.data, value.len);
    }
    return err;
}

mk_credentials *mk_credentials_load(mk_bytes data)
{
    mk_reader r;
    mk_reader_init(&r, data.data, data.len);
    int64_t count = mk_reader_int(&r);
    mk_credentials *out = count >= 0 && count <= MAX_FIELDS ? new_list() : NULL;
    for (int64_t i = 0; out && i < count; i++) {
        char *name = NULL;
        int err = mk_reader_text(&r, &name);
        bool secret = mk_reader_int(&r) != 0;
        mk_bytes value = mk_reader_bytes(&r);
        if (err || !name || r.bad || append(out, name, value, secret) != MK_OK) {
            mk_credentials_free(out);
            out = NULL;
        }
        mk_free(name);
    }
    if (out && !mk_reader_done(&r)) {
        mk_credentials_free(out);
        out = NULL;
    }
    return out;
}
