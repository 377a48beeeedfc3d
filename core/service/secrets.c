/* secrets.c - a customer's secrets, out of a request and sealed before any Lua sees it (layer service) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"
#include "service/own.h"

#include <ctype.h>
#include <string.h>

enum { TEXT_MOST = 1 << 20, SEALED_MOST = 256 << 20, SECRET_MOST = 512, FIELDS_MOST = 32 };

/* --- sealed values -------------------------------------------------------------- */

json_t *mk_secrets_seal_raw(mk_service *service, const char *label, const void *data, size_t len)
{
    mk_buf sealed;
    mk_buf_init(&sealed, SEALED_MOST);
    json_t *value = mk_keys_seal(service->keys, label, data, len, &sealed) ? NULL : json_stringn_nocheck(sealed.data, sealed.len);
    mk_buf_free(&sealed);
    return value;
}

json_t *mk_secrets_seal_bytes(mk_service *service, const char *label, const void *data, size_t len)
{
    mk_buf sealed, text;
    mk_buf_init(&sealed, SEALED_MOST);
    mk_buf_init(&text, SEALED_MOST);
    int err = mk_keys_seal(service->keys, label, data, len, &sealed);
    if (!err)
        err = mk_base64_encode(&text, sealed.data, sealed.len, false);
    json_t *value = err ? NULL : json_pack("{s:s%}", "b64", text.data, text.len);
    mk_buf_free(&sealed);
    mk_buf_free(&text);
    return value;
}

int mk_secrets_unseal_bytes(mk_service *service, const char *label, const json_t *sealed, mk_buf *out)
{
    mk_buf bytes;
    const char *text = json_string_value(json_object_get(sealed, "b64"));
    if (!text)
        return MK_EPARSE;
    mk_buf_init(&bytes, SEALED_MOST);
    int err = mk_base64_decode(&bytes, text, strlen(text));
    if (!err)
        err = mk_keys_unseal(service->keys, label, bytes.data, bytes.len, out);
    mk_buf_free(&bytes);
    return err;
}

json_t *mk_secrets_seal(mk_service *service, const char *label, const json_t *value)
{
    char *text = mk_json_text(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    json_t *sealed = text ? mk_secrets_seal_bytes(service, label, text, strlen(text)) : NULL;
    mk_free(text);
    return sealed;
}

json_t *mk_secrets_unseal(mk_service *service, const char *label, const json_t *sealed)
{
    mk_buf text;
    mk_buf_init(&text, SEALED_MOST);
    int err = mk_secrets_unseal_bytes(service, label, sealed, &text);
    json_t *value = err ? NULL : mk_json_load(text.data, text.len, JSON_DECODE_ANY, NULL);
    mk_buf_free(&text);
    return value;
}

/* --- what they are told apart by ---------------------------------------------------- */

json_t *mk_secrets_hex(const void *bytes, size_t len)
{
    mk_buf text;
    mk_buf_init(&text, TEXT_MOST);
    json_t *value = mk_hex_encode(&text, bytes, len) ? NULL : json_string(text.data);
    mk_buf_free(&text);
    return value;
}

json_t *mk_secrets_hash(mk_service *service, const void *data, size_t len)
{
    uint8_t hash[32];
    mk_keys_hash(service->keys, data, len, hash);
    return mk_secrets_hex(hash, sizeof hash);
}

static int set(json_t *object, const char *name, json_t *value)
{
    return value && json_object_set_new(object, name, value) == 0 ? MK_OK : MK_ENOMEM;
}

/* The user name as portals compare them: without case and blanks. */
static int add_name(mk_buf *out, const json_t *credentials)
{
    const char *name = json_string_value(json_object_get(credentials, "username"));
    int err = MK_OK;
    for (const char *at = name ? name : ""; !err && *at; at++)
        if (!isspace((unsigned char)*at))
            err = mk_buf_addc(out, (char)tolower((unsigned char)*at));
    return err;
}

/* Whose they are. At which utility is added where it is known by one name (service.sessions). */
static json_t *credential_key(mk_service *service, const json_t *credentials)
{
    mk_buf text;
    mk_buf_init(&text, TEXT_MOST);
    int err = mk_buf_adds(&text, "credential\n");
    if (!err)
        err = add_name(&text, credentials);
    json_t *value = err ? NULL : mk_secrets_hash(service, text.data, text.len);
    mk_buf_free(&text);
    return value;
}

/* The scenario that a made-up customer's user name asks for, "UAPI_TEST_mfa_sms" say; a customer's own name asks for none. */
static int add_scenario(json_t *object, const json_t *credentials)
{
    static const char prefix[] = "uapi_test_";
    mk_buf name;
    mk_buf_init(&name, TEXT_MOST);
    int err = add_name(&name, credentials);
    if (!err && name.len >= sizeof prefix - 1 && memcmp(name.data, prefix, sizeof prefix - 1) == 0)
        err = set(object, "scenario", json_stringn(name.data + sizeof prefix - 1, name.len - (sizeof prefix - 1)));
    mk_buf_free(&name);
    return err;
}

static json_t *digest(mk_service *service, const json_t *credentials)
{
    mk_buf text;
    char *all = mk_json_text(credentials, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    mk_buf_init(&text, TEXT_MOST);
    int err = all ? mk_buf_addf(&text, "digest\n%s", all) : MK_ENOMEM;
    json_t *value = err ? NULL : mk_secrets_hash(service, text.data, text.len);
    mk_free(all);
    mk_buf_free(&text);
    return value;
}

/* --- what cannot be one ------------------------------------------------------------ */

static bool is_blank(const json_t *value)
{
    const char *text = json_string_value(value);
    return !text || !text[strspn(text, " ")];
}

/* The engine takes so much, and nobody types what cannot be seen. */
static bool is_typed(const json_t *value)
{
    const char *text = json_string_value(value);
    for (const char *at = text; at && *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    return text && json_string_length(value) <= SECRET_MOST;
}

/* The names of credentials: which are given, and which of them cannot be one. */
static int add_names(json_t *object, const json_t *credentials)
{
    const char *name;
    json_t *value, *names = json_array(), *bad = json_array();
    int err = names && bad ? MK_OK : MK_ENOMEM;
    json_object_foreach((json_t *)(uintptr_t)credentials, name, value)
        if (!err && !is_blank(value) &&
            (json_array_append_new(names, json_string(name)) || (!is_typed(value) && json_array_append_new(bad, json_string(name)))))
            err = MK_ENOMEM;
    if (!err && json_array_size(bad))
        err = set(object, "bad", json_incref(bad));
    if (!err)
        err = set(object, "names", json_incref(names));
    json_decref(bad);
    json_decref(names);
    return err;
}

/* "empty" or "unlike" of an answer that a form cannot mean; NULL: it may be one. */
static const char *wrong_answer(const json_t *answer)
{
    const char *name;
    json_t *value, *fields = json_object_get(answer, "fields"), *choice = json_object_get(answer, "choice");
    if (json_is_true(answer) || (json_is_object(answer) && !fields && !choice))
        return NULL;
    const json_t *text = choice ? choice : answer;
    if (!fields)
        return is_blank(text) ? "empty" : is_typed(text) ? NULL : "unlike";
    size_t given = 0;
    json_object_foreach(fields, name, value) {
        if (!is_typed(value))
            return "unlike";
        given += *name && !is_blank(value);
    }
    return !given ? "empty" : json_object_size(fields) > FIELDS_MOST ? "unlike" : NULL;
}

/* Takes credentials and answer over (both may be NULL). */
static int gather(mk_service *service, json_t *credentials, json_t *answer, json_t **out)
{
    json_t *object = json_object();
    const char *wrong = answer ? wrong_answer(answer) : NULL;
    int err = object ? add_names(object, credentials) : MK_ENOMEM;
    if (!err && credentials) {
        err = set(object, "credentials", mk_secrets_seal(service, "credentials", credentials));
        if (!err)
            err = set(object, "key", credential_key(service, credentials));
        if (!err)
            err = set(object, "digest", digest(service, credentials));
        if (!err)
            err = add_scenario(object, credentials);
    }
    if (!err && answer)
        err = set(object, "answer", mk_secrets_seal(service, "answer", answer));
    if (!err && answer)
        err = set(object, "answer_digest", digest(service, answer));
    if (!err && wrong)
        err = set(object, "answer_wrong", json_string(wrong));
    json_decref(credentials);
    json_decref(answer);
    if (err)
        json_decref(object);
    else
        *out = object;
    return err;
}

/* --- forms --------------------------------------------------------------------------- */

static void set_first(json_t *object, const char *name, const char *value)
{
    if (!json_object_get(object, name))
        json_object_set_new(object, name, json_string(value));
}

/* a.answer is the code or text, a.choice, a.field.NAME, a.resend, a.other, a.ok, a.cancel: contract's answers. */
static json_t *answer_of(const mk_headers *fields)
{
    json_t *list = NULL, *answer = NULL;
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = fields->list[i].name, *value = fields->list[i].value;
        if (strncmp(name, "a.field.", 8) == 0) {
            list = list ? list : json_object();
            set_first(list, name + 8, value);
        } else if (strcmp(name, "a.resend") == 0 || strcmp(name, "a.cancel") == 0) {
            json_decref(answer);
            json_decref(list);
            return json_pack("{s:b}", name + 2, 1);
        } else if (strcmp(name, "a.choice") == 0 && !json_is_object(answer)) {
            json_decref(answer);
            answer = json_pack("{s:s}", "choice", value);
        } else if (strcmp(name, "a.ok") == 0) {
            json_decref(answer);
            answer = json_true();
        } else if (strcmp(name, "a.answer") == 0 && !answer) {
            answer = json_string(value);
        }
    }
    if (!list)
        return answer;
    json_decref(answer);
    return json_pack("{s:o}", "fields", list);
}

static json_t *credentials_of(const mk_headers *fields)
{
    json_t *object = NULL;
    for (size_t i = 0; i < fields->count; i++) {
        if (strncmp(fields->list[i].name, "c.", 2) != 0)
            continue;
        object = object ? object : json_object();
        set_first(object, fields->list[i].name + 2, fields->list[i].value);
    }
    return object;
}

static bool is_text_in_form(const mk_header *field)
{
    return mk_utf8_valid(field->name, strlen(field->name)) && mk_utf8_valid(field->value, field->value_len);
}

/* No page of ours has more. What is too long for one is told of that one. */
static const char *too_much(const mk_headers *fields)
{
    size_t credentials = 0, answers = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const mk_header *field = &fields->list[i];
        size_t *count = strncmp(field->name, "c.", 2) == 0 ? &credentials : strncmp(field->name, "a.", 2) == 0 ? &answers : NULL;
        if (count && ++*count > FIELDS_MOST)
            return count == &credentials ? "credentials" : "answer";
    }
    return NULL;
}

static int refuse(const char *wrong, json_t **out)
{
    *out = json_pack("{s:s, s:[]}", "wrong", wrong, "names");
    return *out ? MK_OK : MK_ENOMEM;
}

int mk_secrets_from_fields(mk_service *service, const mk_headers *fields, json_t **out)
{
    const char *wrong = too_much(fields);
    const unsigned long refused = mk_mem_refused();
    *out = NULL;
    for (size_t i = 0; i < fields->count; i++) {
        if (!is_text_in_form(&fields->list[i]))
            return MK_EPARSE;
    }
    if (wrong)
        return refuse(wrong, out);
    json_t *credentials = credentials_of(fields), *answer = answer_of(fields);
    if (mk_mem_refused() == refused)
        return credentials || answer ? gather(service, credentials, answer, out) : MK_OK;
    json_decref(credentials); /* half of them would be tried as if they were all */
    json_decref(answer);
    return MK_ENOMEM;
}

/* --- JSON ------------------------------------------------------------------------------ */

static bool is_text(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= SECRET_MOST;
}

static bool are_texts(const json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
        if (!is_text(value))
            return false;
    return json_object_size(object) > 0 && json_object_size(object) <= FIELDS_MOST;
}

/* Lua cannot look into a sealed answer: that it is one of the contract's is seen here. */
static bool is_answer(const json_t *value)
{
    if (json_object_size(value) != 1)
        return json_is_true(value) || (is_text(value) && json_string_length(value) > 0);
    return is_text(json_object_get(value, "choice")) || are_texts(json_object_get(value, "fields")) ||
           json_is_true(json_object_get(value, "resend")) || json_is_true(json_object_get(value, "cancel"));
}

int mk_secrets_from_json(mk_service *service, json_t *body, json_t **out)
{
    *out = NULL;
    json_t *answer = json_incref(json_object_get(body, "answer"));
    json_t *credentials = json_incref(json_object_get(body, "credentials"));
    json_object_del(body, "answer");
    json_object_del(body, "credentials");
    const char *wrong = credentials && !are_texts(credentials) ? "credentials" : NULL;
    if (answer && !is_answer(answer))
        wrong = "answer";
    if (wrong) {
        json_decref(answer);
        json_decref(credentials);
        return refuse(wrong, out);
    }
    return credentials || answer ? gather(service, credentials, answer, out) : MK_OK;
}
