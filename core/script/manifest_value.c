/* manifest_value.c - single values of a manifest: their types, and what is said of wrong ones (layer script) */
#include "base/err.h"
#include "base/suggest.h"
#include "script/manifest_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void mk_manifest_problem(mk_manifest_reader *r, const char *path, const char *format, ...)
{
    char message[400];
    int line = 1, col = 1;
    va_list args;
    if (json_array_size(r->problems) >= MK_MANIFEST_PROBLEMS)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    mk_manifest_locate(r->text, path, &line, &col);
    const char *field = strrchr(path, '.') ? strrchr(path, '.') + 1 : path;
    if (!strstr(message, field)) { /* every message names what it is about */
        char text[sizeof message];
        snprintf(text, sizeof text, "%s: %.*s", path, (int)(sizeof text / 2), message);
        memcpy(message, text, sizeof message);
    }
    const bool other_api = strcmp(path, "api") == 0 && !strstr(message, "missing");
    json_t *one = json_pack("{s:s, s:i, s:i, s:s, s:s, s:s}", "file", r->file, "line", line, "col", col, "path", path,
                            "message", message, "code", other_api ? "adapter.incompatible" : "adapter.load");
    if (!one || json_array_append_new(r->problems, one))
        r->no_memory = true;
}

void mk_manifest_path(char *out, size_t cap, const char *prefix, const char *key)
{
    snprintf(out, cap, "%s%s%s", prefix, *prefix ? "." : "", key);
}

const char *mk_manifest_kind_of(const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT: return "a table";
    case JSON_ARRAY: return "a list";
    case JSON_STRING:
        if (strncmp(json_string_value(value), MK_LOOSE_MARK, 1) == 0)
            return strcmp(json_string_value(value) + 1, "function") == 0 ? "a function" : "an object";
        return "a string";
    case JSON_INTEGER: return "an integer";
    case JSON_REAL: return "a float";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    default: return "nothing";
    }
}

void mk_manifest_keys(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *const *known)
{
    char path[300];
    const char *key = NULL;
    json_t *value = NULL, *same = json_incref((json_t *)(uintptr_t)object);
    json_object_foreach(same, key, value)
    {
        const char *const *at = known;
        while (*at && strcmp(*at, key) != 0)
            at++;
        if (*at)
            continue;
        const char *near = mk_suggest(key, known);
        mk_manifest_path(path, sizeof path, prefix, key);
        if (near)
            mk_manifest_problem(r, path, "unknown key '%.80s', did you mean '%s'?", key, near);
        else
            mk_manifest_problem(r, path, "unknown key '%.80s'", key);
    }
    json_decref(same);
}

static char *copy(mk_manifest_reader *r, const char *text)
{
    char *made = mk_strdup(text);
    r->no_memory = r->no_memory || !made;
    return made;
}

/* A name: a string, or an integer as its digits. NULL and a problem for others. */
static char *name_of(mk_manifest_reader *r, const char *path, const json_t *value)
{
    char digits[32];
    if (json_is_integer(value)) {
        snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        return copy(r, digits);
    }
    if (json_is_real(value))
        mk_manifest_problem(r, path, "a float where a name is expected: write it as a string, \"%.14g\"",
                            json_real_value(value));
    else if (strcmp(mk_manifest_kind_of(value), "a string") != 0)
        mk_manifest_problem(r, path, "a string is expected, not %s", mk_manifest_kind_of(value));
    else if (!json_string_length(value))
        mk_manifest_problem(r, path, "must not be empty");
    else if (json_string_length(value) > 4096 || strlen(json_string_value(value)) != json_string_length(value))
        mk_manifest_problem(r, path, "a plain text of at most 4,096 bytes is expected");
    else
        return copy(r, json_string_value(value));
    return NULL;
}

char *mk_manifest_text(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *key, bool must)
{
    char path[300];
    const json_t *value = json_object_get(object, key);
    mk_manifest_path(path, sizeof path, prefix, key);
    if (value)
        return name_of(r, path, value);
    if (must)
        mk_manifest_problem(r, path, "'%s' is missing", path);
    return NULL;
}

bool mk_manifest_flag(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *key, bool fallback)
{
    char path[300];
    const json_t *value = json_object_get(object, key);
    if (!value)
        return fallback;
    if (json_is_boolean(value))
        return json_is_true(value);
    mk_manifest_path(path, sizeof path, prefix, key);
    mk_manifest_problem(r, path, "true or false is expected, not %s", mk_manifest_kind_of(value));
    return fallback;
}

void mk_manifest_one_of(mk_manifest_reader *r, const char *path, const char *value, const char *const *allowed)
{
    char list[200];
    size_t len = 0;
    for (const char *const *at = allowed; *at; at++)
        if (strcmp(*at, value) == 0)
            return;
    const char *near = mk_suggest(value, allowed);
    if (near) {
        mk_manifest_problem(r, path, "'%.80s' is not known, did you mean '%s'?", value, near);
        return;
    }
    list[0] = '\0';
    for (const char *const *at = allowed; *at && len < sizeof list; at++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", *at);
    mk_manifest_problem(r, path, "'%.80s' is not one of: %s", value, list);
}

void mk_manifest_free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        mk_free(list[i]);
    mk_free(list);
}

char **mk_manifest_list(mk_manifest_reader *r, const json_t *object, const char *prefix, const char *key,
                        const char *const *allowed)
{
    char path[300], item[320];
    const json_t *value = json_object_get(object, key);
    const size_t count = json_array_size(value);
    size_t kept = 0;
    if (!value)
        return NULL;
    mk_manifest_path(path, sizeof path, prefix, key);
    if ((!json_is_array(value) && json_object_size(value)) || (!json_is_array(value) && !json_is_object(value))) {
        mk_manifest_problem(r, path, "a list is expected, not %s", mk_manifest_kind_of(value));
        return NULL;
    }
    if (count > MK_MANIFEST_LIST) {
        mk_manifest_problem(r, path, "a list of at most %d is expected", MK_MANIFEST_LIST);
        return NULL;
    }
    char **list = mk_calloc(count + 1, sizeof *list);
    r->no_memory = r->no_memory || !list;
    for (size_t i = 0; list && i < count; i++) {
        snprintf(item, sizeof item, "%s[%zu]", path, i + 1);
        list[kept] = name_of(r, item, json_array_get(value, i));
        if (list[kept] && allowed)
            mk_manifest_one_of(r, item, list[kept], allowed);
        kept += list[kept] != NULL;
    }
    return list;
}
